package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/demo"
	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
)

func TestLanguagesOfInventedTextsAreKnown(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3, 2949} {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			s := demo.New(seed, time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC))
			texts := map[intel.DocumentID]string{}
			for _, d := range s.Documents {
				texts[d.ID] = d.Text
			}
			right, wrong, silent := 0, 0, 0
			for _, about := range s.Truth.Documents {
				text := texts[about.Document]
				if text == "" || about.Language == "" {
					continue
				}
				switch tag, _ := extract.Language(text); tag {
				case about.Language:
					right++
				case "":
					silent++
				default:
					wrong++
					t.Logf("%s for %s: %.80q", tag, about.Language, text)
				}
			}
			t.Logf("%d right, %d wrong, %d not told", right, wrong, silent)
			if right == 0 || float64(right)/float64(right+wrong) < 0.98 || float64(right)/float64(right+wrong+silent) < 0.85 {
				t.Error("want 98 of 100 of those told right, and 85 told: lines of logs have none")
			}
		})
	}
}
