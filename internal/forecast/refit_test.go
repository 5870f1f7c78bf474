package forecast_test

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
)

// A village is a store of n values over two years. Some are reported every month by
// one account, as no value of TweetFeed is.
func village(n int, each func(intel.Entity, []forecast.Report)) (days []int64) {
	began := now.AddDate(-2, 0, 0)
	for d := began; d.Before(now); d = d.AddDate(0, 0, 1) {
		days = append(days, d.Unix()/86400)
	}
	for v := range n {
		var reports []forecast.Report
		at := began.AddDate(0, 0, v%500)
		for k := range 1 + 23*truth(v%20 == 0) {
			if day := at.AddDate(0, 0, 28*k); day.Before(now) {
				reports = append(reports, forecast.Report{At: day, By: fmt.Sprint("account ", v%7)})
			}
		}
		each(intel.Entity{Kind: intel.SHA256, Name: fmt.Sprint(v)}, reports)
	}
	return days
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

func fitted(t *testing.T, n int) (forecast.Refitted, error) {
	t.Helper()
	f := forecast.NewRefit(now, village(0, nil))
	village(n, f.Add)
	return f.Fit()
}

func TestARefitLearnsWhatTheShippedModelCannotKnow(t *testing.T) {
	r, err := fitted(t, 6000)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Better() || r.Brier > r.ShippedBrier/2 || r.HeldSeen == 0 || r.Held.AddDate(0, 0, forecast.Horizon).After(now) || r.Months < 20_000 {
		t.Errorf("%+v", r)
	}
	regular := forecast.Sightings{Kind: intel.SHA256}
	for k := range 10 {
		regular.Reports = append(regular.Reports, forecast.Report{At: now.AddDate(0, 0, -28*k-5), By: "ana"})
	}
	once := forecast.Sightings{Kind: intel.SHA256, Reports: regular.Reports[:1]}
	p, _, _ := regular.SeenAgainBy(r.Model, now)
	q, _, _ := once.SeenAgainBy(r.Model, now)
	if p < .9 || q > .2 {
		t.Errorf("what comes every month %v, what came once %v", p, q)
	}
	for claim, r := range map[string]forecast.Refitted{
		"a worse Brier score":    {LogLoss: .1, ShippedLogLoss: .2, Brier: .02, ShippedBrier: .01},
		"a difference by chance": {LogLoss: .1, ShippedLogLoss: .11, LogLossError: .006},
		"no difference":          {},
	} {
		if r.Better() {
			t.Errorf("a model with %s counts as better", claim)
		}
	}
}

// Whoever fills a feed with values that come again after a month could make all that
// is seen once look alive.
func TestOneSourceCannotTeachWhatComesAgain(t *testing.T) {
	f := forecast.NewRefit(now, village(0, nil))
	for v := range 60_000 {
		at := now.AddDate(-2, 0, v%700)
		reports := []forecast.Report{{At: at, By: fmt.Sprint("account ", v%7), Source: 1}}
		if v%40 == 0 {
			reports = append(reports, forecast.Report{At: at.AddDate(0, 0, 9), By: "another", Source: 1})
		}
		if v%3 == 0 {
			reports = []forecast.Report{{At: at, By: "flood", Source: 2}, {At: at.AddDate(0, 1, 0), By: "flood", Source: 2}}
		}
		f.Add(intel.Entity{Kind: intel.Domain, Name: fmt.Sprintf("h%d.test1", v)}, reports)
	}
	r, err := f.Fit()
	if err != nil {
		t.Fatal(err)
	}
	if r.LogLoss >= r.ShippedLogLoss {
		t.Fatalf("the flood taught nothing: %+v", r)
	}
	if r.Better() || !r.OneSource {
		t.Errorf("it is kept: %+v", r)
	}
}

func TestEqualHistoriesGiveEqualModels(t *testing.T) {
	a, errA := fitted(t, 20_000) // more than are kept
	b, errB := fitted(t, 20_000)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error(diff)
	}
	written, err := forecast.WriteSightings(a.Model, "a test")
	if err != nil {
		t.Fatal(err)
	}
	read, err := forecast.ParseSightings(written)
	if err != nil || math.Abs(read.Bias-a.Model.Bias) > 1e-6 || len(read.Weights) != len(a.Model.Weights) {
		t.Errorf("read %+v, err %v", read, err)
	}
}

func TestAShortHistoryIsNotFittedTo(t *testing.T) {
	for claim, f := range map[string]*forecast.Refit{
		"an empty store":        forecast.NewRefit(now, nil),
		"one day":               forecast.NewRefit(now, []int64{now.Unix() / 86400}),
		"a date of 1970":        forecast.NewRefit(now, []int64{1, now.Unix() / 86400}),
		"a store that was deaf": forecast.NewRefit(now, []int64{now.AddDate(-2, 0, 0).Unix() / 86400, now.AddDate(-1, 0, 0).Unix() / 86400, now.Unix() / 86400}),
	} {
		village(3000, f.Add)
		if r, err := f.Fit(); !errors.Is(err, forecast.ErrTooFew) || r.Months != 0 {
			t.Errorf("%s: %+v, err %v", claim, r, err)
		}
	}
	if r, err := fitted(t, 300); !errors.Is(err, forecast.ErrTooFew) || r.Months == 0 {
		t.Errorf("300 values: %+v, err %v", r, err)
	}
	f := forecast.NewRefit(now, village(0, nil))
	var flood []forecast.Report
	for k := range forecast.MostReports {
		flood = append(flood, forecast.Report{At: now.AddDate(-1, 0, 0).Add(time.Duration(k) * time.Minute), By: "ana"})
	}
	f.Add(intel.Entity{Kind: intel.IPv4, Name: "192.0.2.1"}, flood)
	f.Add(intel.Entity{Kind: intel.Actor, Name: "x"}, flood[:3])
	if r, _ := f.Fit(); r.Months != 0 {
		t.Errorf("a flood and an actor count: %+v", r)
	}
}

func FuzzParseSightings(f *testing.F) {
	f.Add(forecast.ShippedSightings())
	f.Add([]byte(`{"weights":[{"of":"age","weight":1e999}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := forecast.ParseSightings(b)
		if err == nil && len(m.Weights) != forecast.OwnNumbers() {
			t.Errorf("%d weights", len(m.Weights))
		}
	})
}
