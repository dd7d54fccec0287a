package tuna_test

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/doc"
	"go/parser"
	"go/token"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The folders of the packages that the page may name.
var folders = map[string]string{
	"iperf": "iperf", "report": "iperf/report", "config": "iperf/config", "native": "iperf/native", "iperftest": "iperf/iperftest",
	"sshhost": "sshhost", "sshtest": "sshhost/sshtest", "storage": "storage",
}

// names are what a package exports: Name, and Name.Member for fields and methods.
type names map[string]bool

func exported(t *testing.T, dir string) names {
	t.Helper()
	pkg, err := build.ImportDir(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range pkg.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	d, err := doc.NewFromFiles(fset, files, pkg.Name)
	if err != nil {
		t.Fatal(err)
	}
	n := names{}
	n.add(d.Consts, d.Vars, d.Funcs)
	for _, typ := range d.Types {
		n[typ.Name] = true
		n.add(typ.Consts, typ.Vars, typ.Funcs)
		for _, m := range typ.Methods {
			n[typ.Name+"."+m.Name] = true
		}
		for member := range members(typ) {
			n[typ.Name+"."+member] = true
		}
	}
	return n
}

func (n names) add(consts, vars []*doc.Value, funcs []*doc.Func) {
	for _, v := range slices.Concat(consts, vars) {
		for _, name := range v.Names {
			n[name] = true
		}
	}
	for _, f := range funcs {
		n[f.Name] = true
	}
}

// members are the fields of a struct, or the methods of an interface.
func members(typ *doc.Type) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, spec := range typ.Decl.Specs {
			var list *ast.FieldList
			switch t := spec.(*ast.TypeSpec).Type.(type) {
			case *ast.StructType:
				list = t.Fields
			case *ast.InterfaceType:
				list = t.Methods
			default:
				continue
			}
			for _, field := range list.List {
				for _, name := range field.Names {
					if !yield(name.Name) {
						return
					}
				}
			}
		}
	}
}

var (
	fence     = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")
	span      = regexp.MustCompile("`([^`]+)`")
	qualified = regexp.MustCompile(`\b([a-z]+)((?:\.[A-Z]\w*)+)`)
	goName    = regexp.MustCompile(`^[A-Z]\w*(\.\w+)*$`)
)

// checkCode looks up what statements use of the packages, the fields in composite literals too.
func checkCode(t *testing.T, packages map[string]names, code string) (found int) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "", "package p\nfunc _() error {\n"+code+"\nreturn err\n}", 0)
	if err != nil {
		t.Fatal(err)
	}
	used := func(e ast.Expr) (pkg, name string) {
		s, ok := e.(*ast.SelectorExpr)
		if !ok {
			return "", ""
		}
		x, ok := s.X.(*ast.Ident)
		if !ok || packages[x.Name] == nil {
			return "", ""
		}
		return x.Name, s.Sel.Name
	}
	look := func(pkg, name string) {
		if pkg == "" {
			return
		}
		found++
		if !packages[pkg][name] {
			t.Errorf("%s.%s: there is no such name", pkg, name)
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			look(used(n))
		case *ast.CompositeLit:
			pkg, typ := used(n.Type)
			for _, e := range n.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok && pkg != "" {
					look(pkg, typ+"."+kv.Key.(*ast.Ident).Name)
				}
			}
		}
		return true
	})
	return found
}

func TestMigratingNamesWhatIsThere(t *testing.T) {
	text, err := os.ReadFile("MIGRATING.md")
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string]names{}
	for name, dir := range folders {
		packages[name] = exported(t, dir)
	}
	found := 0
	check := func(code string) {
		for _, m := range qualified.FindAllStringSubmatch(code, -1) {
			name := strings.TrimPrefix(m[2], ".")
			found++
			if !packages[m[1]][name] {
				t.Errorf("%s: there is no such name", m[0])
			}
		}
	}
	for _, block := range fence.FindAllStringSubmatch(string(text), -1) {
		if block[1] == "go" {
			found += checkCode(t, packages, block[2])
		}
	}
	old := map[string]bool{}
	for line := range strings.Lines(fence.ReplaceAllString(string(text), "")) {
		if cells := strings.SplitN(line, "|", 3); strings.HasPrefix(line, "|") && len(cells) == 3 {
			for _, s := range span.FindAllStringSubmatch(cells[1], -1) {
				old[s[1]] = true
			}
			line = cells[2]
		}
		for _, s := range span.FindAllStringSubmatch(line, -1) {
			check(s[1])
			if goName.MatchString(s[1]) {
				t.Errorf("%s: its package is missing", s[1])
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d names of Go were found in the page", found)
	}

	// Whoever knows one of these must find it.
	for class, of := range map[string]string{
		"IperfClass":         "event_timer client_server udp __call__ downstream upstream run start_server run_client version parser aggregator",
		"EventTimer":         "event timer set clear wait",
		"IperfConfiguration": "direction client_settings server_settings get_section_dict reset check_rep example section",
		"IperfMetric":        "directions iperf repetitions aggregator",
		"HostSSH":            "exec_command kill_all close testInterface prefix",
		"FileStorage":        "timestamp overwrite mode",
	} {
		if !old[class] {
			t.Errorf("%s: not in the page", class)
		}
		for _, name := range strings.Fields(of) {
			if name = fmt.Sprintf("%s.%s", class, name); !old[name] {
				t.Errorf("%s: not in the page", name)
			}
		}
	}
	for name := range strings.FieldsSeq(`ClientServer IperfEnum IperfClientSettings IperfServerSettings IperfParser SumParser LogWriter
		format interval len print_mss output port window compatibility mss nodelay version IPv6Version reportexclude reportstyle
		udp bandwidth dualtest num tradeoff time fileinput stdin listenport parallel ttl linux-congestion daemon single_udp
		client_section server_section iperf_repetitions use_sums store_output`) {
		if !old[name] {
			t.Errorf("%s: not in the page", name)
		}
	}
}
