package evidence

// Through reports whether the packets of p surely leave through the device of that name: it is
// p.Device, or the only device beneath it, or beneath that one, as the parent of a VLAN. Of a
// bridge or bond with several ports no port is sure.
func (p *Path) Through(device string) bool {
	if p == nil || device == "" {
		return false
	}
	at := p.Device
	for range p.Links {
		if at == device {
			return true
		}
		beneath := ""
		for _, l := range p.Links {
			if l.Device == at && len(l.Beneath) == 1 {
				beneath = l.Beneath[0]
			}
		}
		if beneath == "" {
			return false
		}
		at = beneath
	}
	return at == device
}
