package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/forecast/backtest"
	"github.com/portent-cti/portent/internal/intel"
)

// A post is one of an invented leak site, as the files of leak sites tell them.
type post struct {
	Title      string `json:"post_title"`
	Group      string `json:"group_name"`
	Discovered string `json:"discovered"`
}

// victims writes posts of six groups over eighty weeks, without those that are left out and
// with some more.
func victims(t *testing.T, left func(group, day int) bool, more ...post) string {
	t.Helper()
	start := time.Date(2024, 1, 1, 8, 0, 0, 0, time.UTC)
	all := more
	for day := range 7 * 80 {
		for group := range 6 {
			if (day+group)%(2+3*group) == 0 && !left(group, day) {
				all = append(all, post{fmt.Sprintf("Victim %d of %d", day, group), fmt.Sprintf("group-%d", group), start.AddDate(0, 0, day).Format("2006-01-02 15:04:05.000000")})
			}
		}
	}
	body, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "posts.json")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// oddPosts are posts with what is odd about posts of the real world.
func oddPosts(t *testing.T) map[string]string {
	none := func(int, int) bool { return false }
	var bulk, flood []post
	for n := range 200 {
		bulk = append(bulk, post{fmt.Sprint("Found at once ", n), fmt.Sprintf("group-%d", n%6), "2024-01-01 06:00:00.000000"})
		flood = append(flood, post{fmt.Sprint("Fake ", n), "group-5", "2025-06-20 06:00:00.000000"})
	}
	return map[string]string{
		"nothing odd":                victims(t, none),
		"a gap of 200 days":          victims(t, func(_, day int) bool { return day >= 200 && day < 400 }),
		"a first day of bulk":        victims(t, none, bulk...),
		"a flood of fake victims":    victims(t, none, flood...),
		"a group with one post":      victims(t, none, post{"Only one", "once", "2025-05-05 01:00:00.000000"}),
		"a renamed group":            victims(t, func(group, day int) bool { return group == 1 && day > 300 }, post{"A", "group-1b", "2024-11-01 01:00:00.000000"}),
		"a date in the far future":   victims(t, none, post{"Later", "group-1", "2999-05-05 01:00:00.000000"}),
		"a date before there was it": victims(t, none, post{"Earlier", "group-1", "0001-05-05 01:00:00.000000"}),
	}
}

func TestOddHistoriesAreReplayedWithoutNonsense(t *testing.T) {
	t.Parallel()
	for name, path := range oddPosts(t) {
		var out, errs bytes.Buffer
		code := run(t.Context(), []string{"-q", "--now", "2025-08-01", "--json", "backtest", "activity", "--data", path}, strings.NewReader(""), &out, &errs)
		var r backtest.Result
		if err := json.Unmarshal(out.Bytes(), &r); code != exitDone || err != nil || r.Forecasts == 0 {
			t.Errorf("%s: exit %d, %d forecasts, %v, %s", name, code, r.Forecasts, err, &errs)
		}
	}
}

func TestForecastsOfOddStoresAreNoNonsense(t *testing.T) {
	t.Parallel()
	for name, path := range oddPosts(t) {
		db := newStore(t)
		for _, day := range []string{"2025-07-14"} {
			printed(t, exitDone, "--db", db, "--now", day, "-q", "import", "--as", "leaksites", path)
		}
		for _, group := range []string{"group-0", "group-1", "group-5"} {
			text := printed(t, exitDone, "--db", db, "--now", "2025-07-14", "--json", "-q", "forecast", group)
			lines := strings.Split(strings.TrimSpace(text), "\n")
			if len(lines) < 4 && (name != "a renamed group" || group != "group-1") {
				t.Errorf("%s: of %s is told: %s", name, group, text)
			}
			for _, l := range lines {
				var f intel.Forecast
				if l == "" {
					continue
				}
				if err := json.Unmarshal([]byte(l), &f); err != nil || !(f.Probability >= 0 && f.Probability <= 1) || !strings.Contains(l, `"verdict":"`) {
					t.Errorf("%s: %s, %v", name, l, err)
				}
			}
		}
	}
}

func TestForecastsAreToldInOrderAndWithTheGapBeforeThem(t *testing.T) {
	t.Parallel()
	db, path := newStore(t), victims(t, func(_, day int) bool { return day >= 200 && day < 400 })
	printed(t, exitDone, "--db", db, "--now", "2025-07-14", "-q", "import", "--as", "leaksites", path)
	text := printed(t, exitDone, "--db", db, "--now", "2025-07-14", "-q", "forecast", "group-0")
	var kinds []string
	for l := range strings.Lines(text) {
		kinds = append(kinds, strings.TrimSpace(l[:min(16, len(l))]))
	}
	if got := strings.Join(kinds[:4], ","); got != "activity,activity,any activity,surge" || !strings.Contains(text, "in 7 days") || strings.Index(text, "in 7 days") > strings.Index(text, "in 28 days") {
		t.Errorf("%s", text)
	}
	for _, told := range []string{text, printed(t, exitDone, "--db", db, "--now", "2025-07-14", "-q", "profile", "group-0")} {
		if !strings.Contains(told, "Not watched: 2024-07-22 to 2025-02-02.") {
			t.Errorf("the gap is not told in\n%s", told)
		}
	}
}

func TestOfWhoIsNotForecastItIsSaidPlainly(t *testing.T) {
	db, path := newStore(t), victims(t, func(int, int) bool { return false }, post{"Only one", "once", "2024-02-05 01:00:00.000000"})
	printed(t, exitDone, "--db", db, "--now", "2025-07-14", "-q", "import", "--as", "leaksites", path)
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"--db", db, "--now", "2025-07-14", "forecast", "once"}, strings.NewReader(""), &out, &errs); code != exitDone || out.Len() > 0 || !strings.Contains(errs.String(), "no forecast: too little has happened") {
		t.Errorf("exit %d, %s%s", code, &out, &errs)
	}
}

func TestNoProbabilityIsPrintedOfWhatIsNoBetterThanTheBaseRate(t *testing.T) {
	t.Parallel()
	db, number := newStore(t), regexp.MustCompile(`[0-9]\.[0-9]|[0-9] %`)
	var more []post // so that there are past forecasts enough to know of skill
	for n := range 8 * 80 {
		more = append(more, post{fmt.Sprint("One of many ", n), fmt.Sprintf("other-%d", n%8), time.Date(2024, 1, 1+n/8*7, 9, 0, 0, 0, time.UTC).Format("2006-01-02 15:04:05.000000")})
	}
	printed(t, exitDone, "--db", db, "--now", "2025-07-14", "-q", "import", "--as", "leaksites", victims(t, func(int, int) bool { return false }, more...))
	of := map[bool]int{}
	for l := range strings.Lines(printed(t, exitDone, "--db", db, "--now", "2025-07-14", "forecast", "group-1")) {
		if strings.HasPrefix(l, "activity") {
			continue // a count, with the bounds it is expected within
		}
		none := strings.Contains(l, intel.NoBetter)
		of[none]++
		if number.MatchString(l) == none {
			t.Errorf("%s", l)
		}
	}
	if of[true] == 0 || of[false] == 0 {
		t.Errorf("%v: forecasts that are better, and ones that are not, are wanted", of)
	}
}
