package discover

import (
	"bufio"
	"bytes"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
)

var questionSSDP = []byte("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: " + searchType + "\r\n\r\n")

// locationOf is a server as a URL, redroom://ADDRESS:PORT?id=…&host=…&pin=….
func locationOf(s Server, at netip.Addr) string {
	query := url.Values{"id": {s.ID}}
	if s.Host != "" {
		query.Set("host", s.Host)
	}
	if s.Pin != "" {
		query.Set("pin", s.Pin)
	}
	return (&url.URL{Scheme: "redroom", Host: netip.AddrPortFrom(at, s.Port).String(), RawQuery: query.Encode()}).String()
}

// answerSSDP is the server, or none, that an answer tells of.
func answerSSDP(packet []byte) []Server {
	packet = append(slices.Clone(packet), "\r\n\r\n"...) // some leave out the end
	got, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(packet)), nil)
	if err != nil {
		return nil
	}
	got.Body.Close()
	if got.StatusCode != http.StatusOK || got.Header.Get("ST") != searchType {
		return nil
	}
	location, err := url.Parse(got.Header.Get("Location"))
	if err != nil || location.Scheme != "redroom" {
		return nil
	}
	at, err := netip.ParseAddrPort(location.Host)
	if err != nil {
		return nil
	}
	told := location.Query()
	return []Server{{ID: told.Get("id"), Host: told.Get("host"), Port: at.Port(), Pin: told.Get("pin"), Addresses: []netip.Addr{at.Addr()}}}
}
