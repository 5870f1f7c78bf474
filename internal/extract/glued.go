package extract

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// Values often stand against each other without a blank: a host with its address
// in brackets, a digest and the name of its file with a colon between. A run that
// is no value as a whole is read in its parts.

// parted reads the parts of a run that gave nothing: between brackets, equals signs
// and ampersands, else on both sides of an at sign, else between colons. A part has
// fewer of those signs than the run, so that each byte is read a fixed number of
// times.
//
// In descriptions of flaws files and functions that stand so are those of traces.
func (v *values) parted(from, to int, has class) {
	told := len(v.out)
	switch {
	case has&(bracket|equals|ampersand|other) != 0 && v.splits(from, to, &signsBetween):
	case has&at != 0 && v.account(from, to):
	case has&colon != 0:
		v.splits(from, to, &colons)
	}
	if v.advisory {
		v.out = append(v.out[:told], slices.DeleteFunc(v.out[told:], func(o intel.Observation) bool {
			return o.Entity.Kind == intel.Filename || o.Entity.Kind.Class() == intel.IOA
		})...)
	}
}

// signsBetween are those that part values in a run.
var signsBetween, colons = setOf("()[]{}=&^"), setOf(":")

// splits reads what stands between signs, but for those of a disguise, and reports
// whether there were any.
func (v *values) splits(from, to int, sign *[256]bool) bool {
	cut, begin, call := false, from, false
	for at := from; at <= to; {
		if at < to {
			if !sign[v.text[at]] {
				at++
				continue
			}
			if n := signLength(v.text[at:to]); n > 0 {
				at += n
				continue
			}
			cut = true
		}
		if !cut {
			return false
		}
		told := len(v.out)
		if has := classOf(v.text[begin:at]); worth(has, at-begin) {
			v.candidate(begin, at, has)
		}
		if call {
			v.inCall(told)
		}
		call = at < to && v.text[at] == '(' && (call || len(v.out) == told && isCall(v.text[begin:at]))
		at++
		begin = at
	}
	return true
}

// isCall reports whether a word before a bracket is the name of a function rather
// than a word that says what stands in the bracket.
func isCall(s string) bool {
	return callName(s) && (s[0] >= 'a' && s[0] <= 'z' || technical(s))
}

// inCall sets hosts aside that stand in the arguments of a call and have the form of
// an object and its member.
func (v *values) inCall(first int) {
	for i := range v.out[first:] {
		o := &v.out[first+i]
		if tld := o.Entity.Name[strings.LastIndexByte(o.Entity.Name, '.')+1:]; o.Entity.Kind == intel.Domain && o.Suppressed == "" && o.Text == o.Entity.Name && !plainly(tld) {
			o.Suppressed = inProgram
		}
	}
}

// plainly reports whether a top-level name is not the name of a member.
func plainly(tld string) bool {
	switch tld {
	case "com", "net", "org", "ru", "cn", "xyz", "biz", "onion":
		return true
	}
	return false
}

// account reads the host at which somebody has an account, as in "root@192.0.2.7"
// and "bob@192.0.2.7:/tmp". What stands before the sign is a name.
func (v *values) account(from, to int) bool {
	i := strings.LastIndexByte(v.text[from:to], '@')
	if i < 1 {
		return false
	}
	begin := from + i + 1
	host := v.text[begin:to]
	if name, rest, ok := strings.Cut(host, ":"); ok && !isPort(rest) {
		host = name
	}
	if _, ok := readHost(host); !ok {
		return false
	}
	v.candidate(begin, begin+len(host), classOf(host))
	return true
}

// joins reports whether a sign in a name with the ending of a file parts two values.
func joins(p string) bool {
	if strings.ContainsAny(p, ":=") {
		return true
	}
	i := strings.IndexAny(p, "([{")
	return i > 0 && strong(p[:i]) && strong(strings.TrimRight(p[i+1:], ")]}"))
}

// strong reports whether a text is an address, a digest, a URL or a host below a
// usual top-level name, which no other word looks like.
func strong(s string) bool {
	if len(s) < 4 {
		return false
	}
	if strings.Contains(s, "://") || isHex(s) && digestOf(len(s)) != "" {
		return true
	}
	name, port, ok := strings.Cut(s, ":")
	if ok && !isPort(port) {
		return false
	}
	if isDigit(name[len(name)-1]) {
		_, err := netip.ParseAddr(name)
		return err == nil
	}
	h, ok := hostName(name)
	return ok && common(h[strings.LastIndexByte(h, '.')+1:])
}
