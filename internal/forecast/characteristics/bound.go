package characteristics

// Heeded bounds how far what single voices say moves a probability from what is said
// without it. Two that lie so near to one of which one voice changes nothing lie within
// 0.2 of each other.
const Heeded = 0.1

// Bounded is the reason of what was taken back of the word of single voices.
const Bounded = "bounded"

// Heed is a probability that the word of single voices moved, moved back.
func Heed(with, without float64) float64 {
	return min(max(with, without-Heeded), without+Heeded)
}

// AskBounded is Ask of an uptake that knows what single voices alone say, too, within
// bounds of what one says that does not: of the same items and rows, less some that they
// have. What only the word of one voice gives the row is still a prospect where it is
// likely, since else that word were enough to be rid of it.
func (u *Uptake) AskBounded(less *Uptake, row, most int) []Prospect {
	if less == nil {
		return u.Ask(row, most)
	}
	with, without := u.ask(row), less.ask(row)
	given := make(map[int]Prospect, len(without.all))
	for _, p := range without.all {
		given[p.Item] = p
	}
	was := make(map[int]float64, len(with.all))
	var out []Prospect
	for _, p := range with.all {
		was[p.Item] = p.Probability
		if p.Without = less.simple(p.Item); given[p.Item].Probability > 0 {
			p.Without = given[p.Item].Probability
		}
		p.Probability = Heed(p.Probability, p.Without)
		out = append(out, p)
	}
	for _, p := range without.all {
		if _, lacks := was[p.Item]; !lacks && p.Probability > Heeded {
			p.Without = p.Probability
			out = append(out, p)
		}
	}
	out = likeliest(out, most)
	for k := range out {
		p := &out[k]
		told, lacks := was[p.Item]
		if !lacks {
			without.explain(p)
			p.Reasons = append(p.Reasons, Reason{Bounded, 0})
			continue
		}
		bound := p.Probability
		p.Probability = told
		with.explain(p)
		if p.Probability = bound; bound != told {
			p.Reasons = append(p.Reasons, Reason{Bounded, logOdds(bound) - logOdds(told)})
		}
	}
	return out
}
