package classify

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/figures"
)

// keywords is the list that the model is measured against: what an analyst would
// write down who wants such posts.
const keywords = `
	malware ransomware trojan botnet backdoor rootkit spyware worm virus phishing spearphishing
	exploit exploits exploited vulnerability vulnerabilities vuln cve zeroday 0day bug flaw patch
	breach breached leak leaked dump hack hacked hacker hackers hacking cyber cyberattack
	cyberattacks cybercrime cybersecurity infosec security attack attacks ddos apt threat threats
	infected payload credentials passwords encrypted ransom bitcoin darknet rce xss sqli
	injection keylogger stealer`

// listed counts the words of a text that a list has.
func listed(list []string, text string) float64 {
	n := 0.0
	for _, w := range words(strings.ToLower(text)) {
		if slices.Contains(list, w) {
			n++
		}
	}
	return n
}

// averagePrecision is the mean, over the relevant, of the share that is relevant
// of what is scored as high at least; equal scores count together.
func averagePrecision(scores []float64, held []Example) float64 {
	right, all := map[float64]int{}, map[float64]int{}
	relevant := 0
	for i, s := range scores {
		all[s]++
		if held[i].Label == Relevant {
			right[s]++
			relevant++
		}
	}
	var sum float64
	found, read := 0, 0
	for _, s := range slices.Backward(slices.Sorted(maps.Keys(all))) {
		found, read = found+right[s], read+all[s]
		sum += float64(right[s]) * float64(found) / float64(read)
	}
	return sum / float64(relevant)
}

func TestAveragePrecisionCountsEqualScoresTogether(t *testing.T) {
	held := []Example{{Label: Relevant}, {Label: Irrelevant}, {Label: Relevant}, {Label: Irrelevant}}
	for _, c := range []struct {
		scores []float64
		want   float64
	}{
		{[]float64{4, 2, 3, 1}, 1},
		{[]float64{1, 1, 1, 1}, 0.5},
		{[]float64{4, 3, 2, 1}, (1 + 2.0/3) / 2},
	} {
		if got := averagePrecision(c.scores, held); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v: %.4f, want %.4f", c.scores, got, c.want)
		}
	}
}

func TestShippedRelevanceIsWhatItIsLearnedFrom(t *testing.T) {
	figures.Only(t)
	shippedIs(t, TrainRelevance(append(annotated(t), ours(t)...)), "relevance.json")
}

// TestRelevantPostsRankAboveAKeywordList learns from four fifths of cti-ann, and
// what the project has itself, and ranks the last.
func TestRelevantPostsRankAboveAKeywordList(t *testing.T) {
	figures.Only(t)
	all, also, list := annotated(t), ours(t), strings.Fields(keywords)
	var sum, byList, byConcepts float64
	var said []float64
	var is []Example
	for fold := range folds {
		held, rest := deal(all, fold)
		m := TrainRelevance(append(rest, also...))
		scores, hits, spoken := make([]float64, len(held)), make([]float64, len(held)), make([]float64, len(held))
		for i, e := range held {
			scores[i], hits[i] = m.Probabilities(e.Text)[0], listed(list, e.Text)
			spoken[i] = float64(threats(concepts(strings.ToLower(e.Text))))
		}
		said, is = append(said, scores...), append(is, held...)
		a, b, c := averagePrecision(scores, held), averagePrecision(hits, held), averagePrecision(spoken, held)
		t.Logf("fold %d: %d posts, average precision %.3f, by keywords %.3f, difference %.3f; by our own lexicon %.3f", fold+1, len(held), a, b, a-b, c)
		sum, byList, byConcepts = sum+a/folds, byList+b/folds, byConcepts+c/folds
	}
	t.Logf("mean: average precision %.3f, by %d keywords %.3f, difference %.3f; by our own lexicon %.3f", sum, len(list), byList, sum-byList, byConcepts)
	if sum-byList < 0.2 {
		t.Errorf("%.3f above the list, want 0.2 at least", sum-byList)
	}
	if off := calibrationError(said, is); off > 0.05 {
		t.Errorf("calibration error %.3f, want 0.05 at most", off)
	} else {
		t.Logf("calibration error over ten bins of equal width %.3f", off)
	}
	for _, least := range []float64{0.1, 0.2, 0.5} {
		kept, right, all := above(said, is, least)
		t.Logf("from a probability of %.1f on: precision %.3f, recall %.3f; %d of %d posts", least, float64(right)/float64(kept), float64(right)/float64(all), kept, len(is))
	}
}

func above(said []float64, is []Example, least float64) (kept, right, all int) {
	for i, p := range said {
		relevant := is[i].Label == Relevant
		if relevant {
			all++
		}
		if p >= least {
			kept++
			if relevant {
				right++
			}
		}
	}
	return kept, right, all
}

func calibrationError(said []float64, is []Example) float64 {
	var sums [10]float64
	for i, p := range said {
		b := min(int(p*10), 9)
		sums[b] += p
		if is[i].Label == Relevant {
			sums[b]--
		}
	}
	var off float64
	for _, s := range sums {
		off += math.Abs(s)
	}
	return off / float64(len(said))
}

// TestEverydayPostsRankBelowThreats asks whether
// a fifth of its posts that was not learned from ranks above chatter and
// everyday life.
func TestEverydayPostsRankBelowThreats(t *testing.T) {
	figures.Only(t)
	held, rest := deal(ours(t), 0)
	m := TrainRelevance(append(annotated(t), rest...))
	scores := make([]float64, len(held))
	n := 0
	for i, e := range held {
		if scores[i] = m.Probabilities(e.Text)[0]; e.Label == Relevant {
			n++
		}
	}
	ap := averagePrecision(scores, held)
	t.Logf("of %d posts in eight languages %d are relevant: average precision %.3f", len(held), n, ap)
	if ap < 0.9 {
		t.Errorf("average precision %.3f, want 0.9 at least", ap)
	}
}
