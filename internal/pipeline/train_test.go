package pipeline_test

import (
	"context"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/pipeline"
)

func TestTrainingIsDueOnceAWeek(t *testing.T) {
	for setting, due := range map[string]func(context.Context, *pipeline.Pipeline, time.Time) error{
		"trained sightings": pipeline.TrainDue, "trained corroboration": pipeline.Second} {
		t.Run(setting, func(t *testing.T) { isDueOnceAWeek(t, setting, due) })
	}
}

func isDueOnceAWeek(t *testing.T, setting string, due func(context.Context, *pipeline.Pipeline, time.Time) error) {
	db, p, _ := open(t)
	for i, c := range []struct {
		day  int
		want bool
	}{{0, true}, {1, false}, {6, false}, {7, true}, {8, false}} {
		at := now.AddDate(0, 0, c.day)
		p.Now = func() time.Time { return at }
		before, _ := db.Setting(t.Context(), setting)
		if err := due(t.Context(), p, at); err != nil {
			t.Fatal(err)
		}
		after, err := db.Setting(t.Context(), setting)
		if err != nil || (after != before) != c.want {
			t.Errorf("%d: on day %d: %q, before %q, err %v", i, c.day, after, before, err)
		}
	}
}

func TestAModelIsNotShownForTheFirstReasonThatHolds(t *testing.T) {
	for _, c := range []struct {
		skill, wrong, without float64
		why                   string
	}{
		{-0.0283, 0.0149, -0.05, "it tells the months held out no better than the rate of those that come"},
		{0.02, 0.0149, -0.05, "it tells the months held out no better than the rate of those that come, but by chance"},
		{0.05, 0.0149, -0.05, "without the values of one account it tells the months held out no better than the rate of those that come"},
	} {
		if got := pipeline.Unshown(forecast.Seconded{Skill: c.skill, SkillError: c.wrong, SkillWithout: c.without}); got != c.why {
			t.Errorf("skill %v, error %v, without one %v: %s; want %s", c.skill, c.wrong, c.without, got, c.why)
		}
	}
}
