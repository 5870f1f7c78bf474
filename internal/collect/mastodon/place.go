package mastodon

import "strconv"

// after is the number behind which posts are asked for: somewhat before the last where others
// may have come late. It tells the time where Mastodon made it.
func after(last string, overlap bool) string {
	n, err := strconv.ParseUint(last, 10, 63)
	back := uint64(late.Milliseconds()) << 16
	if err != nil || !overlap || n>>16 < uint64(late.Milliseconds()) {
		return last
	}
	return strconv.FormatUint(n-back, 10)
}

// older reports whether a number is less than another: decimal ones by value, others, as some
// servers have, by their letters.
func older(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}
