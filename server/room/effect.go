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
			if into := e.of(s, next, user, t.ID); into != nil {
				*into = append(*into, t.ID)
				changed = true
			}
		}
	}
	if !changed {
		return nil
	}
	return &e
}

// of is where a topic belongs; nil: nothing changes there.
func (e *Effect) of(before, after *State, user, topic string) *[]string {
	was, read := before.ReadsFrom(user, topic)
	is, reads := after.ReadsFrom(user, topic)
	spoke, speaks := before.MayPost(user, topic), after.MayPost(user, topic)
	switch {
	case !read && reads:
		return &e.Gains
	case read && !reads:
		return &e.Loses
	case is > was:
		return &e.Less
	case is < was:
		return &e.More
	case spoke && !speaks:
		return &e.Mute
	case !spoke && speaks:
		return &e.Speaks
	}
	return nil
}
