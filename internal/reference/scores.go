package reference

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A ScoresFile is a file of the EPSS scores of one day, as its name says.
type ScoresFile struct {
	Path string
	Day  time.Time
}

// ScoresFiles lists FIRST's files of EPSS scores in a folder, and below it, that
// are named by their day. It is intel.ErrNotFound when there is none.
func ScoresFiles(ctx context.Context, fsys fs.FS) ([]ScoresFile, error) {
	paths, err := find(ctx, fsys, func(f string) bool { return namedDay(f) != "" })
	if err != nil {
		return nil, err
	}
	out := make([]ScoresFile, 0, len(paths))
	for _, p := range paths {
		day, err := time.Parse(time.DateOnly, namedDay(p))
		if err != nil {
			return nil, fmt.Errorf("%s: %q is no day: %w", p, namedDay(p), intel.ErrInvalid)
		}
		out = append(out, ScoresFile{p, day})
	}
	return out, nil
}

// namedDay is the day that the name of a file of scores says, if any.
func namedDay(file string) string {
	m := scoresName.FindStringSubmatch(file[strings.LastIndexByte(file, '/')+1:])
	if m == nil || m[1] == "current" {
		return ""
	}
	return m[1]
}

// Scores hands out the scores of a file and returns the version of the model that
// made them. An error names the file, and the line where one is wrong; what stands
// before that line was handed out. So is a file that says it is of a later day.
func Scores(ctx context.Context, fsys fs.FS, file ScoresFile, keep func(cve string, score float64)) (version string, err error) {
	date := file.Day.Format(time.DateOnly)
	head := scoresHead{Date: date}
	err = read(ctx, fsys, file.Path, func(r io.Reader) error {
		return scoreLines(r, &head, func(cve, score, _ string) {
			s, _ := strconv.ParseFloat(score, 64) // scoreLines read it
			keep(cve, s)
		})
	})
	if err == nil && head.Date > date {
		err = fmt.Errorf("%s: its scores are of %s: %w", file.Path, head.Date, intel.ErrInvalid)
	}
	return head.Version, err
}

// scoresHead is what the first line of a file of scores says.
type scoresHead struct{ Version, Date string }

var (
	scoreDate    = regexp.MustCompile(`score_date:([0-9]{4}-[0-9]{2}-[0-9]{2})`)
	scoreVersion = regexp.MustCompile(`model_version:([^,]{1,40})`)
)

// scoreLines reads FIRST's form: a comment with version and date, a header, then
// one "CVE,score,percentile" a line. What the comment does not say stays in head.
func scoreLines(r io.Reader, head *scoresHead, keep func(cve, score, percentile string)) error {
	lines := bufio.NewScanner(r)
	n, kept := 0, 0
	for lines.Scan() {
		n++
		line := lines.Text()
		if n > maxItems {
			return fmt.Errorf("more than %d lines: %w", maxItems, intel.ErrInvalid)
		}
		if strings.HasPrefix(line, "#") {
			head.note(line)
			continue
		}
		if line == "" || strings.HasPrefix(line, "cve,") {
			continue
		}
		f := strings.SplitN(line, ",", 4)
		if len(f) < 3 || !cveID.MatchString(f[0]) || !share(f[1]) || !share(f[2]) {
			return fmt.Errorf("line %d: %q: %w", n, clip(line, maxName), intel.ErrInvalid)
		}
		kept++
		keep(f[0], f[1], f[2])
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("line %d: %w", n+1, err)
	}
	if kept == 0 {
		return fmt.Errorf("no scores in it: %w", intel.ErrInvalid)
	}
	return nil
}

func (h *scoresHead) note(line string) {
	if m := scoreDate.FindStringSubmatch(line); m != nil {
		h.Date = m[1]
	}
	if m := scoreVersion.FindStringSubmatch(line); m != nil {
		h.Version = m[1]
	}
}
