package signin

// recent remembers the newest of many: half of limit at least, and no more than
// limit. It isn't safe for more than one goroutine.
type recent[K comparable, V any] struct {
	limit        int
	newer, older map[K]V
}

func newRecent[K comparable, V any](limit int) *recent[K, V] {
	return &recent[K, V]{limit: limit, newer: make(map[K]V), older: make(map[K]V)}
}

func (r *recent[K, V]) get(k K) (v V, ok bool) {
	if v, ok = r.newer[k]; ok {
		return v, true
	}
	v, ok = r.older[k]
	return v, ok
}

func (r *recent[K, V]) put(k K, v V) {
	if _, ok := r.newer[k]; !ok && len(r.newer) >= r.limit/2 {
		r.newer, r.older = make(map[K]V), r.newer
	}
	r.newer[k] = v
	delete(r.older, k)
}

func (r *recent[K, V]) remove(k K) {
	delete(r.newer, k)
	delete(r.older, k)
}
