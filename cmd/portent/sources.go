package main

import (
	"context"
	"fmt"
)

type sourcesCmd struct {
	List sourcesListCmd `cmd:"" default:"1" help:"List sources and their health."`
}

type sourcesListCmd struct{}

// Run implements the command.
func (c *sourcesListCmd) Run(ctx context.Context, a *app) error {
	db, err := a.store(ctx)
	if err != nil {
		return err
	}
	sources, err := db.Sources(ctx, a.now())
	if err != nil {
		return err
	}
	if len(sources) == 0 {
		a.remark("No sources yet; portent import brings documents in.")
	}
	now := a.now()
	for _, s := range sources {
		h := health(s, now)
		if a.cli.JSON {
			err = a.print(map[string]any{"name": s.Name, "connector": s.Connector, "state": h.State, "last_success": moment(s.LastSuccess),
				"last_error": s.LastError, "documents": s.Documents, "documents_per_day": h.PerDay, "lag_seconds": h.Lag.Seconds()})
		} else {
			_, err = fmt.Fprintf(a.out, "%-24s %-9s %9d documents  last %s  %s\n", line(s.Name), h.State, s.Documents, date(s.LastDocument), line(s.LastError))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
