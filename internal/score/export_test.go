package score

import "github.com/portent-cti/portent/internal/intel"

// Weighed is how many voices all the weighings of a history weigh together.
func (s Scale) Weighed(c intel.Course, q Inquiry) int {
	t := s.teller(c, q)
	t.run()
	return mostWeighed - t.left
}
