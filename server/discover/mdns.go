package discover

import (
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

const serviceName = service + ".local."

// questionMDNS asks for the service. It is sent from another port than 5353, so that
// the answer comes to whoever has asked (RFC 6762 section 5.1 and 6.7).
var questionMDNS = packed(dnsmessage.Message{Questions: []dnsmessage.Question{{
	Name: dnsmessage.MustNewName(serviceName), Type: dnsmessage.TypePTR, Class: dnsmessage.ClassINET,
}}})

func packed(m dnsmessage.Message) []byte {
	octets, err := m.Pack()
	if err != nil {
		panic(err) // it is always the same
	}
	return octets
}

// maxRecords are those that are looked at in a packet.
const maxRecords = 64

// records are those of an answer by the names that they are of, in lower case.
type records struct {
	instances []string
	services  map[string]dnsmessage.SRVResource
	texts     map[string][]string
	addresses map[string][]netip.Addr
}

// answersMDNS are the servers in an answer that has all of them in it, as one to
// such a question should (RFC 6763 section 12.1).
func answersMDNS(packet []byte) (all []Server) {
	r, err := readRecords(packet)
	if err != nil {
		return nil
	}
	for _, instance := range r.instances {
		to, ok := r.services[instance]
		if !ok {
			continue
		}
		s := Server{ID: strings.TrimSuffix(instance, "."+serviceName), Port: to.Port, Addresses: r.addresses[lower(to.Target)]}
		for _, entry := range r.texts[instance] {
			switch key, value, _ := strings.Cut(entry, "="); key {
			case "host":
				s.Host = value
			case "pin":
				s.Pin = value
			}
		}
		all = append(all, s)
	}
	return all
}

func lower(n dnsmessage.Name) string { return strings.ToLower(n.String()) }

func readRecords(packet []byte) (r records, err error) {
	var p dnsmessage.Parser
	header, err := p.Start(packet)
	if err != nil {
		return r, err
	}
	if !header.Response {
		return r, errNoServer
	}
	if err := p.SkipAllQuestions(); err != nil {
		return r, err
	}
	r = records{services: map[string]dnsmessage.SRVResource{}, texts: map[string][]string{}, addresses: map[string][]netip.Addr{}}
	left := maxRecords
	for _, next := range []func() (dnsmessage.Resource, error){p.Answer, p.Authority, p.Additional} {
		for ; left > 0; left-- {
			record, err := next()
			if err == dnsmessage.ErrSectionDone {
				break
			}
			if err != nil {
				return r, err
			}
			r.add(record)
		}
	}
	return r, nil
}

func (r *records) add(record dnsmessage.Resource) {
	of := lower(record.Header.Name)
	switch body := record.Body.(type) {
	case *dnsmessage.PTRResource:
		if instance := lower(body.PTR); of == serviceName && strings.HasSuffix(instance, "."+serviceName) {
			r.instances = append(r.instances, instance)
		}
	case *dnsmessage.SRVResource:
		r.services[of] = *body
	case *dnsmessage.TXTResource:
		r.texts[of] = body.TXT
	case *dnsmessage.AResource:
		r.addresses[of] = append(r.addresses[of], netip.AddrFrom4(body.A))
	case *dnsmessage.AAAAResource:
		r.addresses[of] = append(r.addresses[of], netip.AddrFrom16(body.AAAA))
	}
}
