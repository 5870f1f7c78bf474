package reference_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

const scoresHead = "#model_version:v2025.03.14,score_date:2025-04-13T00:00:00+0000\ncve,epss,percentile\n"

func TestScoresOfEachDayAreReadByTheNameOfTheirFile(t *testing.T) {
	folder := fstest.MapFS{
		"epss_scores-2025-04-13.csv":   {Data: []byte(scoresHead + "CVE-2024-0001,0.5,0.9\nCVE-2024-0002,0.00012,0.1\n")},
		"epss_scores-current.csv":      {Data: []byte("nothing")},
		"notes.txt":                    {Data: []byte("nothing")},
		"a/epss_scores-2025-04-27.csv": {Data: []byte(scoresHead + "CVE-2024-0001,0.6,0.9\n")},
	}
	files, err := reference.ScoresFiles(t.Context(), folder)
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, %v", files, err)
	}
	got := map[string]float64{}
	version, err := reference.Scores(t.Context(), folder, files[1], func(cve string, score float64) { got[cve] = score })
	if err != nil || version != "v2025.03.14" || !files[1].Day.Equal(time.Date(2025, 4, 13, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("version %q of %v: %v", version, files[1], err)
	}
	if diff := cmp.Diff(map[string]float64{"CVE-2024-0001": 0.5, "CVE-2024-0002": 0.00012}, got); diff != "" {
		t.Error(diff)
	}
}

func TestWrongScoresAreNamedByFileAndLine(t *testing.T) {
	for body, want := range map[string]string{
		scoresHead + "CVE-2024-0001,0.5,0.9\nCVE-2024-0002,1.5,0.1\n": "line 4: ",
		scoresHead + "CVE-2024-0001,NaN,0.9\n":                        "line 3: ",
		scoresHead + "CVE-2024-1,0.5,0.9\n":                           "line 3: ",
		scoresHead + "CVE-2024-0001;0.5;0.9\n":                        "line 3: ",
		scoresHead + strings.Repeat("x", 100_000):                     "line 3: ",
		scoresHead: "no scores in it",
		"":         "no scores in it",
		strings.Replace(scoresHead, "04-13", "04-14", 1) + "CVE-2024-0001,0.5,0.9\n": "its scores are of 2025-04-14",
	} {
		const name = "epss_scores-2025-04-13.csv"
		folder := fstest.MapFS{name: {Data: []byte(body)}}
		_, err := reference.Scores(t.Context(), folder, reference.ScoresFile{Path: name, Day: time.Date(2025, 4, 13, 0, 0, 0, 0, time.UTC)}, func(string, float64) {})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%.40q: %v; want %q and the name of the file", body, err, want)
		}
	}
	if _, err := reference.ScoresFiles(t.Context(), fstest.MapFS{"epss_scores-2025-13-45.csv": {}}); !errors.Is(err, intel.ErrInvalid) {
		t.Errorf("the 45th of the 13th month: %v", err)
	}
	if _, err := reference.ScoresFiles(t.Context(), fstest.MapFS{}); !errors.Is(err, intel.ErrNotFound) {
		t.Errorf("an empty folder: %v", err)
	}
}

func FuzzScores(f *testing.F) {
	f.Add(scoresHead + "CVE-2024-0001,0.5,0.9\n")
	f.Fuzz(func(t *testing.T, body string) {
		folder := fstest.MapFS{"x": {Data: []byte(body)}}
		_, _ = reference.Scores(t.Context(), folder, reference.ScoresFile{Path: "x"}, func(cve string, score float64) {
			if !(score >= 0 && score <= 1) || !strings.HasPrefix(cve, "CVE-") {
				t.Error(fmt.Sprint(cve, score))
			}
		})
	})
}
