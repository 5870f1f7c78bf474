package store

import (
	"context"
	"database/sql"
	"strings"
)

// handle is what a connection pool and a transaction have in common.
type handle interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
	PrepareContext(context.Context, string) (*sql.Stmt, error)
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	QueryRowContext(context.Context, string, ...any) *sql.Row
}

// An engine runs statements whose parameters are written $1, $2 and so on.
type engine struct {
	handle
	// bare says that the parameters are to be passed as plain question marks:
	// SQLite looks each numbered one up in a list, which made statements of
	// hundreds of rows spend half of an import in its parser.
	bare bool
}

func (e engine) ExecContext(ctx context.Context, statement string, args ...any) (sql.Result, error) {
	if e.bare {
		statement, args = unnumber(statement, args)
	}
	return e.handle.ExecContext(ctx, statement, args...)
}

func (e engine) QueryContext(ctx context.Context, statement string, args ...any) (*sql.Rows, error) {
	if e.bare {
		statement, args = unnumber(statement, args)
	}
	return e.handle.QueryContext(ctx, statement, args...)
}

func (e engine) QueryRowContext(ctx context.Context, statement string, args ...any) *sql.Row {
	if e.bare {
		statement, args = unnumber(statement, args)
	}
	return e.handle.QueryRowContext(ctx, statement, args...)
}

// prepare readies a statement whose parameters stand in it once each and in order.
func (e engine) prepare(ctx context.Context, statement string, parameters int) (*sql.Stmt, error) {
	if e.bare {
		statement, _ = unnumber(statement, make([]any, parameters))
	}
	return e.PrepareContext(ctx, statement)
}

// unnumber turns $N into ? and gives each the argument that N names. Statements
// hold no other dollar sign followed by a digit.
func unnumber(statement string, args []any) (string, []any) {
	if len(args) == 0 {
		return statement, nil
	}
	var b strings.Builder
	b.Grow(len(statement))
	out := make([]any, 0, len(args))
	for i := 0; i < len(statement); i++ {
		if statement[i] != '$' {
			b.WriteByte(statement[i])
			continue
		}
		n := 0
		for i+1 < len(statement) && statement[i+1] >= '0' && statement[i+1] <= '9' {
			i++
			n = 10*n + int(statement[i]-'0')
		}
		b.WriteByte('?')
		out = append(out, args[n-1])
	}
	return b.String(), out
}
