package activity

// Shown is what skill back-tests showed of forecasts of four weeks, with a 95 % interval,
// by kind: of the two data sets of docs/forecasting.md, leak sites and tags, that of which
// the interval lies lower. Of counts it is over the naive Poisson rule, of events over the
// base rate. TestPostsOfLeakSitesAreForecastAsWellAsAsked measures it anew.
//
// It holds of models that have learned.
func Shown() map[string][]float64 {
	return map[string][]float64{
		"activity":     {0.216, 0.150, 0.295},
		"any activity": {0.365, 0.318, 0.407},
		"surge":        {0.015, -0.017, 0.055},
	}
}

// Learned reports whether the model had enough to learn from: past states, and what came
// of its forecasts. What it says else is what the series alone say, and nothing is known of
// how good that is.
func (m *Model) Learned() bool { return m.forest != nil && m.any != nil }
