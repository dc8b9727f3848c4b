package room

// Effect is what a change means for one user: the topics, by id, that are
// different. It tells only of topics that whoever asks may know of.
type Effect struct {
	User   string
	Gains  []string // that may be read now, and might not before
	Loses  []string // that may not be read any more
	Less   []string // of which less may be read, from a later seq on
	More   []string // of which more may be read
	Mute   []string // that may be read still, but not be posted in any more
	Speaks []string // that may be posted in now, and were read only
}

// Effects are what it means to go from s to next, as an admin is told before a
// change is made: of users that nothing changes for there is none.
func (s *State) Effects(next *State, viewer string) []Effect {
	var effects []Effect
	for _, u := range next.Users() {
		if e := s.effectOn(u.Name, next, viewer); e != nil {
			effects = append(effects, *e)
		}
	}
	return effects
}

func (s *State) effectOn(user string, next *State, viewer string) *Effect {
	e := Effect{User: user}
	changed := false
	for _, d := range next.Deals() {
		for _, t := range next.TopicsOf(d) {
			if !next.AdministersTopic(viewer, t) && !s.AdministersTopic(viewer, s.topics[t.ID]) {
				continue
			}
			for _, into := range []*[]string{e.reading(s, next, t.ID), e.posting(s, next, t.ID)} {
				if into != nil {
					*into = append(*into, t.ID)
					changed = true
				}
			}
		}
	}
	if !changed {
		return nil
	}
	return &e
}

// reading is where a topic belongs by what of it may be read; nil: that stays.
func (e *Effect) reading(before, after *State, topic string) *[]string {
	was, read := before.ReadsFrom(e.User, topic)
	is, reads := after.ReadsFrom(e.User, topic)
	switch {
	case !read && reads:
		return &e.Gains
	case read && !reads:
		return &e.Loses
	case is > was:
		return &e.Less
	case is < was:
		return &e.More
	}
	return nil
}

// posting is where a topic belongs that could be read before and can be still;
// nil: whether one may post there stays.
func (e *Effect) posting(before, after *State, topic string) *[]string {
	_, read := before.ReadsFrom(e.User, topic)
	if _, reads := after.ReadsFrom(e.User, topic); !read || !reads {
		return nil
	}
	switch spoke, speaks := before.MayPost(e.User, topic), after.MayPost(e.User, topic); {
	case spoke && !speaks:
		return &e.Mute
	case !spoke && speaks:
		return &e.Speaks
	}
	return nil
}
