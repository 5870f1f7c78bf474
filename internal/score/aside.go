package score

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// Verdicts is analysts' words on values, ready to be asked of one value. The zero
// value holds none. It is safe for concurrent use.
type Verdicts struct {
	all       []intel.ValueVerdict
	withdrawn []time.Time // of each of all, when it was taken back; zero is never
	// By what they cover, as places in all, in order.
	values   map[intel.Entity][]int
	below    map[string][]int // a domain and what is below it
	networks map[netip.Prefix][]int
	lengths  [2][]int         // of networks, of IPv4 and IPv6
	begin    map[string][]int // URLs, by their host
	starts   map[int]string   // what requests begin with that these cover
}

// NewVerdicts indexes verdicts, which are in the order in which they were given.
func NewVerdicts(all []intel.ValueVerdict) *Verdicts {
	v := &Verdicts{all: all, withdrawn: make([]time.Time, len(all)), values: map[intel.Entity][]int{}, below: map[string][]int{},
		networks: map[netip.Prefix][]int{}, begin: map[string][]int{}, starts: map[int]string{}}
	undone := map[intel.Scope]time.Time{}
	for i, o := range slices.Backward(all) {
		if o.Ruling == intel.UndoSuppress {
			undone[o.Scope] = o.At
			continue
		}
		v.withdrawn[i] = undone[o.Scope]
	}
	for i, o := range all {
		v.index(i, o.Scope)
	}
	return v
}

func (v *Verdicts) index(i int, s intel.Scope) {
	e := s.Entity
	switch p, ok := network(e.Name); {
	case e.Kind == intel.CIDR && ok:
		family := 0
		if p.Addr().Is6() {
			family = 1
		}
		if !slices.Contains(v.lengths[family], p.Bits()) {
			v.lengths[family] = append(v.lengths[family], p.Bits())
		}
		v.networks[p] = append(v.networks[p], i)
	case !s.Wide:
		v.values[asked(e)] = append(v.values[asked(e)], i)
	case e.Kind == intel.URL:
		h := hostOf(e.Name)
		v.begin[h], v.starts[i] = append(v.begin[h], i), intel.RequestPrefix(e.Name)
	default:
		v.below[e.Name] = append(v.below[e.Name], i)
	}
}

// asked is a value as verdicts on it are found by: of URLs what is asked for.
func asked(e intel.Entity) intel.Entity {
	if e.Kind == intel.URL {
		e.Name = intel.Request(e.Name)
	}
	return e
}

// Of returns all verdicts that cover a value, whether they hold or not, in the
// order in which they were given.
func (v *Verdicts) Of(e intel.Entity) []intel.ValueVerdict {
	var out []intel.ValueVerdict
	for _, i := range v.covering(e) {
		out = append(out, v.all[i])
	}
	return out
}

// covering returns the places of the verdicts that cover e, sorted.
func (v *Verdicts) covering(e intel.Entity) []int {
	if v == nil || len(v.all) == 0 || e.Kind.Class() != intel.IOC {
		return nil
	}
	e = asked(e)
	out := slices.Clone(v.values[e])
	host := ""
	switch e.Kind {
	case intel.Domain, intel.Onion:
		host = e.Name
	case intel.URL:
		host = hostOf(e.Name)
		for _, i := range v.begin[host] {
			if strings.HasPrefix(e.Name, v.starts[i]) {
				out = append(out, i)
			}
		}
	}
	if len(v.below) > 0 && len(host) <= mostHost {
		for h, more := host, host != ""; more; _, h, more = strings.Cut(h, ".") {
			out = append(out, v.below[h]...)
		}
	}
	switch e.Kind {
	case intel.IPv4, intel.IPv6, intel.CIDR:
		host = e.Name
	}
	if len(v.networks) > 0 {
		if p, ok := network(host); ok {
			out = append(out, v.around(p)...)
		}
	}
	slices.Sort(out)
	return out
}

// mostHost bounds the host that is looked at: a name in the DNS has 253 bytes.
const mostHost = 1000

// around returns the verdicts on networks that hold all of p.
func (v *Verdicts) around(p netip.Prefix) (out []int) {
	family := 0
	if p.Addr().Is6() {
		family = 1
	}
	for _, bits := range v.lengths[family] {
		if bits > p.Bits() {
			continue
		}
		if wide, err := p.Addr().Prefix(bits); err == nil {
			out = append(out, v.networks[wide]...)
		}
	}
	return out
}

// network reads an address or a network.
func network(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	a = a.Unmap().WithZone("")
	return netip.PrefixFrom(a, a.BitLen()), true
}

// hostOf returns the host of a URL in lower case, without its port.
func hostOf(url string) string {
	if _, rest, ok := strings.Cut(url, "://"); ok {
		url = rest
	}
	if i := strings.IndexAny(url, `/?#\`); i >= 0 {
		url = url[:i]
	}
	url = strings.ToLower(url[strings.LastIndexByte(url, '@')+1:])
	if inner, ok := strings.CutPrefix(url, "["); ok {
		address, _, _ := strings.Cut(inner, "]")
		return address
	}
	url, _, _ = strings.Cut(url, ":")
	return strings.Trim(url, ".")
}

// holds reports whether the verdict at a place counts at a moment.
func (v *Verdicts) holds(i int, now time.Time) bool {
	o, back := v.all[i], v.withdrawn[i]
	return o.Ruling != intel.UndoSuppress && !o.At.After(now) && (o.Until.IsZero() || now.Before(o.Until)) && (back.IsZero() || now.Before(back))
}

// last returns the last verdict on e that holds, nil if none does.
func (v *Verdicts) last(e intel.Entity, now time.Time) *intel.ValueVerdict {
	for _, i := range slices.Backward(v.covering(e)) {
		if v.holds(i, now) {
			return &v.all[i]
		}
	}
	return nil
}

// All returns every verdict, in the order in which they were given.
func (v *Verdicts) All() []intel.ValueVerdict { return slices.Clone(v.all) }

// InForce returns the verdicts that hold at a moment, in the order in which they
// were given. One on an equal scope that came later takes their place.
func (v *Verdicts) InForce(now time.Time) []intel.ValueVerdict {
	var out []intel.ValueVerdict
	seen := map[intel.Scope]bool{}
	for i, o := range slices.Backward(v.all) {
		if v.holds(i, now) && !seen[o.Scope] {
			seen[o.Scope] = true
			out = append(out, o)
		}
	}
	slices.Reverse(out)
	return out
}

// Counting returns of each of [Verdicts.All] whether it decides of some value at a
// moment: it holds, and no later one that is as wide or wider does.
func (v *Verdicts) Counting(now time.Time) []bool {
	out := make([]bool, len(v.all))
	for i, o := range v.all {
		out[i] = v.holds(i, now) && !slices.ContainsFunc(v.covering(o.Scope.Entity), func(j int) bool {
			s := v.all[j].Scope
			return j > i && v.holds(j, now) && (!o.Scope.Wide || s.Wide || s.Entity.Kind == intel.CIDR)
		})
	}
	return out
}

// A Screen says of values whether they are set aside: for one reader, as of a
// moment.
type Screen struct {
	// Listed is what lists and the registries of reserved values say.
	Listed func(intel.Entity) (reason string, ok bool)
	// Despite is the probability that what they list is what it was said to be all
	// the same, see [Scale.SetAside].
	Despite  float64
	Verdicts *Verdicts
	Reader   intel.Reader
	Now      time.Time
}

// An Aside is what a screen says of one value.
type Aside struct {
	Reason  string              // why the value is set aside, fit to print; "" if it is not
	Verdict *intel.ValueVerdict // that decides, nil if none does; for the reader only if it is not Secret
	Listed  string              // what lists say, whether or not that decides
	Most    float64             // how far a row of a value set aside is believed at most
	listed  float64             // Most by lists alone
	// Secret says that a verdict decides which the reader may not read. Whoever
	// sees no row of the value must not learn of it either: see Unseen.
	Secret bool
}

// ByAnalyst is the reason for those who may not read whose, and why.
const ByAnalyst = "the word of an analyst"

// Of judges one value.
func (s Screen) Of(e intel.Entity) (a Aside) {
	if e.Kind.Class() != intel.IOC {
		return a
	}
	if reason, ok := s.Listed(e); ok {
		a = Aside{Reason: reason, Listed: reason, Most: s.Despite, listed: s.Despite}
	}
	if a.Verdict = s.Verdicts.last(e, s.Now); a.Verdict == nil {
		return a
	}
	a.Secret = a.Verdict.Marking > s.Reader.Clearance
	switch {
	case a.Verdict.Ruling == intel.Unsuppress:
		a.Reason, a.Most = "", 0
	case a.Secret:
		a.Reason, a.Most = ByAnalyst, Leak
	default:
		a.Reason, a.Most = Worded(*a.Verdict), Leak
	}
	return a
}

// Unseen is what a reader is told who sees no row of the value: of a secret
// verdict nothing.
func (a Aside) Unseen() Aside {
	if a.Secret {
		return Aside{Reason: a.Listed, Listed: a.Listed, Most: a.listed, listed: a.listed}
	}
	return a
}

// Worded is a verdict as the reason on a row.
func Worded(v intel.ValueVerdict) string {
	text := string(v.By)
	if !v.Until.IsZero() {
		text += ", until " + strings.TrimSuffix(v.Until.UTC().Format(time.RFC3339), "T00:00:00Z")
	}
	if v.Reason != "" {
		text += ": " + v.Reason
	}
	return text
}

// Disbelieved is how far a row is believed whose value is set aside: Low, by lists
// no more than what people judged that lists had, by an analyst's word as if nobody
// had spoken of it.
func Disbelieved(r intel.Row, a Aside) intel.Row {
	r.Suppressed, r.Probability, r.Level = a.Reason, min(r.Probability, a.Most), intel.Low
	return r
}
