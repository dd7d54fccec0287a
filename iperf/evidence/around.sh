# COMMAND comes from the caller, as MARK and DEVICE do.
_end= _dev=DEVICE
trap '_end=143' HUP INT TERM
{
	counters
	[ -z "$_dev" ] || queue "$_dev"
} 2>/dev/null
echo MARK
[ "$_end" ] && exit "$_end"
COMMAND
_status=$?
[ "$_end" ] && [ "$_status" = 0 ] && _status=$_end # some programs exit well when they are ended
echo MARK
{
	# ksh93 and yash have 256 and more for a signal.
	[ "$_status" -le 255 ] || _status=$((128 + _status % 128))
	unset IFS
	counters
	[ -z "$_dev" ] || queue "$_dev"
} 2>/dev/null
exit "$_status"
