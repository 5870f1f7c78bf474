package pipeline

import "sync"

// A remembered keeps what was computed for as long as the store's epoch stays:
// whatever that rests on begins another.
type remembered[K comparable, V any] struct {
	mu    sync.Mutex
	epoch int64
	kept  map[K]V
}

// at returns what is kept of an epoch, and forgets what is of another, and all of it
// where that is most.
func (m *remembered[K, V]) at(epoch int64, key K, most int) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil || m.epoch != epoch || len(m.kept) >= most {
		m.epoch, m.kept = epoch, map[K]V{}
	}
	v, ok := m.kept[key]
	return v, ok
}

// keep keeps what was computed in an epoch, unless another has begun.
func (m *remembered[K, V]) keep(epoch int64, key K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.epoch == epoch && m.kept != nil {
		m.kept[key] = v
	}
}
