package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// The untoldKinds are of which kinds of characteristics none was forecast, since nothing tells of
// them by date, when forecasts were made.
type untoldKinds struct {
	Made  time.Time `json:"made"`
	Kinds []string  `json:"kinds"`
}

func untoldKey(m intel.Marking) string { return "untold: " + strconv.Itoa(int(m)) }

func keepUntold(ctx context.Context, db *store.DB, r intel.Reader, kinds []string, now time.Time) error {
	body, err := json.Marshal(untoldKinds{now, kinds})
	if err != nil {
		return err
	}
	return db.SaveSetting(ctx, untoldKey(r.Clearance), string(body))
}

// Untold returns the kinds of characteristics of which none is forecast of actors for a
// reader, since of a year no source dates one; nil as of a moment before that was found.
func Untold(ctx context.Context, db *store.DB, r intel.Reader, now time.Time) ([]string, error) {
	var u untoldKinds
	body, err := db.Setting(ctx, untoldKey(r.Clearance))
	for m := r.Clearance - 1; errors.Is(err, intel.ErrNotFound) && m >= intel.Clear; m-- {
		body, err = db.Setting(ctx, untoldKey(m)) // as forecasts are read: the strictest that he may see
	}
	if errors.Is(err, intel.ErrNotFound) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(body), &u)
	}
	if err != nil {
		return nil, fmt.Errorf("what is not forecast: %w", err)
	}
	if now.Before(u.Made) {
		return nil, nil
	}
	return u.Kinds, nil
}
