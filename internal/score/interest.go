package score

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

const (
	// Window is how far back mentions count, in days; what is left of the oldest
	// is a sixty-fourth.
	Window = 180
	// mentionHalf is how long a mention takes to lose half its weight, in days.
	mentionHalf = 30
	// VoiceMost is as how many fresh mentions one voice counts at most, however
	// loud it is and for how long.
	VoiceMost = 3
	// SoleMost is the most a score of interest is of what one account alone
	// speaks of: the bands of threat ask for another voice.
	SoleMost = 4.99
)

// GenreWeight is what a mention in one kind of source weighs. What is traded or
// vetted weighs most, what costs nothing to write least.
func GenreWeight(g intel.Genre) float64 {
	switch g {
	case intel.Advisory, intel.Report, intel.Market:
		return 1
	case intel.Forum, intel.LeakSite:
		return 0.8
	case intel.Chat:
		return 0.6
	case intel.Social, intel.Mail:
		return 0.5
	case intel.List, intel.Log:
		return 0.3
	case intel.Register:
		return 0.2
	}
	return 0
}

// DayOf returns the day of a moment, counted from 1970-01-01 (UTC).
func DayOf(t time.Time) int64 { return int64(math.Floor(float64(t.Unix()) / 86400)) }

// counted reports whether a day counts as of today: it is in the window, and no
// further in the future than clocks may differ.
func counted(day, today int64) bool {
	return day > today-Window && day <= today+int64(intel.Skew/days)
}

// once orders mentions and keeps of each voice, kind of source and day the
// greatest share, so that the same mentions come to the same sum in whatever
// order they are given.
func once(ms []intel.Voiced) []intel.Voiced {
	ms = slices.Clone(ms)
	slices.SortFunc(ms, func(a, b intel.Voiced) int {
		return cmp.Or(cmp.Compare(a.Genre, b.Genre), cmp.Compare(a.Voice, b.Voice), cmp.Compare(b.Day, a.Day), cmp.Compare(b.Share, a.Share))
	})
	return slices.CompactFunc(ms, func(a, b intel.Voiced) bool { return a.Genre == b.Genre && a.Voice == b.Voice && a.Day == b.Day })
}

// A Limit is as how many fresh mentions a voice in a kind of source counts at
// most.
type Limit func(intel.Genre) float64

// EachVoice limits every voice: what is interesting is what many speak of.
func EachVoice(intel.Genre) float64 { return VoiceMost }

// EachAccount limits accounts, but for those of leak sites, which are the actors
// themselves, and not who publishes reports, lists or catalogues: who is told
// of day after day is active.
func EachAccount(g intel.Genre) float64 {
	if g.HasAccounts() && g != intel.LeakSite {
		return VoiceMost
	}
	return math.Inf(1)
}

// Attention is what mentions come to as of now: the sum over kinds of source of
// weight · log2(1 + n), where n adds up voices, and a voice adds up its days,
// each faded by its age, to no more than its limit.
func Attention(ms []intel.Voiced, now time.Time, most Limit) (total float64, parts []intel.Part) {
	today := DayOf(now)
	ms = slices.DeleteFunc(once(ms), func(m intel.Voiced) bool { return !counted(m.Day, today) || GenreWeight(m.Genre) == 0 })
	for i := 0; i < len(ms); {
		part, n := intel.Part{Genre: ms[i].Genre}, 0.0
		for i < len(ms) && ms[i].Genre == part.Genre {
			voice, sum := ms[i].Voice, 0.0
			for ; i < len(ms) && ms[i].Genre == part.Genre && ms[i].Voice == voice; i++ {
				sum += ms[i].Share * math.Exp2(-float64(max(0, today-ms[i].Day))/mentionHalf)
			}
			part.Voices++
			n += min(sum, most(part.Genre))
		}
		part.Weight = GenreWeight(part.Genre) * math.Log2(1+n)
		total += part.Weight
		parts = append(parts, part)
	}
	slices.SortStableFunc(parts, func(a, b intel.Part) int { return cmp.Compare(b.Weight, a.Weight) })
	return rounded(total), parts
}

// rounded makes sums equal that differ in the order of their addends alone.
func rounded(f float64) float64 { return math.Round(f*1e9) / 1e9 }

// A Ladder is what all things of one kind that are spoken of come to, least
// first.
type Ladder []float64

// NewLadder sorts attentions into a scale and drops what nobody speaks of.
func NewLadder(attentions []float64) Ladder {
	s := slices.DeleteFunc(slices.Clone(attentions), func(a float64) bool { return a <= 0 })
	slices.Sort(s)
	return Ladder(s)
}

// Score places an attention of the scale from 0 to 10, by its rank alone: with
// q the share of things that come to less, and half of those that come to as
// much, it is 10 · (1 − √(1 − q)), cut to two digits. Of a scale without ties
// the band from i to i+1 so has 19 − 2i percent of the things, however much is
// said in all.
func (s Ladder) Score(attention float64) float64 {
	if attention <= 0 {
		return 0
	}
	below, _ := slices.BinarySearch(s, attention)
	upTo, _ := slices.BinarySearch(s, math.Nextafter(attention, math.Inf(1)))
	n, equal := max(1, len(s)), upTo-below
	if equal == 0 { // it is not of the scale: as if it were put in
		n, equal = len(s)+1, 1
	}
	q := (float64(below) + float64(equal)/2) / float64(n)
	return math.Floor(1000*(1-math.Sqrt(1-q))+1e-9) / 100
}

// Rank is the place of an attention in the scale, 1 for the greatest.
func (s Ladder) Rank(attention float64) int {
	upTo, _ := slices.BinarySearch(s, math.Nextafter(attention, math.Inf(1)))
	return len(s) - upTo + 1
}

// InterestBand names the band of a score of interest.
func InterestBand(score float64) string {
	return band(score, [10]string{"very low interest", "low interest", "elevated interest", "high interest", "very high interest",
		"possible threat", "elevated threat", "high threat", "very high threat", "immediate threat"})
}

func band(score float64, names [10]string) string { return names[min(max(int(score), 0), 9)] }

// Interest says how much mentions make of something beside all others of its
// kind.
func Interest(ms []intel.Voiced, others Ladder, now time.Time) intel.Standing {
	s := standing(ms, others, now, EachVoice)
	if s.Held = sole(ms, now); s.Held && s.Score > SoleMost {
		s.Score = SoleMost
	} else {
		s.Held = false
	}
	s.Band = InterestBand(s.Score)
	return s
}

// sole reports whether all that counts of mentions is of one voice, and that an
// account: publishers of reports, lists and catalogues are chosen, accounts come
// by themselves.
func sole(ms []intel.Voiced, now time.Time) bool {
	first := int64(-1)
	for _, m := range ms {
		if !counted(m.Day, DayOf(now)) || GenreWeight(m.Genre) == 0 {
			continue
		}
		if !m.Genre.HasAccounts() || first >= 0 && m.Voice != first {
			return false
		}
		first = m.Voice
	}
	return first >= 0
}

// standing places mentions on a scale and tells what they are made of.
func standing(ms []intel.Voiced, others Ladder, now time.Time, most Limit) intel.Standing {
	s := intel.Standing{Of: len(others)}
	s.Attention, s.Parts = Attention(ms, now, most)
	s.Score = others.Score(s.Attention)
	if s.Attention > 0 {
		s.Rank = others.Rank(s.Attention)
	}
	voices := map[int64]bool{}
	for _, m := range ms {
		if counted(m.Day, DayOf(now)) && GenreWeight(m.Genre) > 0 {
			voices[m.Voice] = true
		}
	}
	s.Voices = len(voices)
	s.Weekly = weekly(ms, now)
	return s
}

// weekly is what each of the last 26 weeks, the one that ends now the last,
// comes to by itself.
func weekly(ms []intel.Voiced, now time.Time) []intel.Measured {
	const weeks = 26
	today := DayOf(now)
	byWeek := make([][]intel.Voiced, weeks)
	for _, m := range ms {
		if age := max(0, today-m.Day) / 7; counted(m.Day, today) && age < weeks {
			m.Day = today // by itself nothing has faded
			byWeek[weeks-1-age] = append(byWeek[weeks-1-age], m)
		}
	}
	out := make([]intel.Measured, weeks)
	for i, ms := range byWeek {
		out[i].Start = time.Unix(86400*(today-7*int64(weeks-i)+1), 0).UTC()
		out[i].Weight, _ = Attention(ms, now, EachVoice)
	}
	return out
}
