// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.content.Digest;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProvenanceTest {
    private static final UUID PACKAGE = UUID.fromString("01234567-89ab-cdef-0123-456789abcdef");
    private static final Digest CONTENTS = new Digest("ab".repeat(32));
    private static final Digest EARLIER = new Digest("cd".repeat(32));
    private static final Instant NOW = Instant.parse("2026-01-31T12:00:00.250Z");

    private static HostIdentity a;
    private static HostIdentity b;
    private static HostIdentity c;
    private static HostIdentity here;
    private static Provenance chain;
    private static SignaturePolicy policy;

    @TempDir
    Path temp;

    @BeforeAll
    static void makeChain() throws Exception {
        a = HostIdentity.create();
        b = HostIdentity.create();
        c = HostIdentity.create();
        here = HostIdentity.create();
        chain = Provenance.none()
                .signedBy(
                        a, UUID.randomUUID(), EARLIER, null, List.of(b.fingerprint()), List.of(), NOW.minusSeconds(99))
                .signedBy(b, UUID.randomUUID(), EARLIER, EARLIER, List.of(), List.of("name: web-1 → web-2"), NOW)
                .signedBy(c, PACKAGE, CONTENTS, EARLIER, List.of(a.fingerprint(), here.fingerprint()), List.of(), NOW);
        policy = SignaturePolicy.of(here, signers(c)).by(Clock.fixed(NOW, ZoneOffset.UTC));
    }

    @Test
    void saysWhereAGuestHasBeen() throws Exception {
        Provenance read = Provenance.parse(chain.links());

        List<ProvenanceLink> links = read.verify(PACKAGE, CONTENTS, policy);

        assertThat(links).isEqualTo(chain.claims()).hasSize(3);
        assertThat(links)
                .extracting(ProvenanceLink::signer)
                .containsExactly(
                        a.keys().signing(), b.keys().signing(), c.keys().signing());
        assertThat(links.get(0).previous()).isNull();
        assertThat(links.get(0).from()).isNull();
        assertThat(links.get(1).changes()).containsExactly("name: web-1 → web-2");
        assertThat(links.get(1).from()).isEqualTo(EARLIER);
        assertThat(links.get(2).packageId()).isEqualTo(PACKAGE);
        assertThat(links.get(2).signed()).isEqualTo(NOW);
        assertThat(links.get(2).recipients()).containsExactly(a.fingerprint(), here.fingerprint());
    }

    @Test
    void whatIsNotSignedIsRefused() {
        assertRefused(Provenance.none(), policy, Problem.SIGNATURE_MISSING);
    }

    @Test
    void anUnknownSignerIsRefused() {
        assertRefused(chain, SignaturePolicy.of(here, signers(a, b)), Problem.SIGNER_UNKNOWN);
    }

    @Test
    void anUnknownOriginIsRefused() throws Exception {
        assertRefused(chain, policy.comingFrom(signers(b, c)), Problem.ORIGIN_UNKNOWN);
        chain.verify(PACKAGE, CONTENTS, policy.comingFrom(signers(a)));
    }

    @Test
    void anUnknownHandlerIsRefusedWhereItMatters() throws Exception {
        assertRefused(chain, policy.handledBy(signers(a, c)), Problem.HANDLER_UNKNOWN);
        chain.verify(PACKAGE, CONTENTS, policy.handledBy(signers(b)));
    }

    @Test
    void aForgedLinkIsRefused() throws Exception {
        HostIdentity thief = HostIdentity.create();
        ProvenanceLink claimed = chain.claims().get(2);
        List<String> links = new ArrayList<>(chain.links());
        links.set(2, thief.sign(ProvenanceLink.TYPE, claimed.encode()));
        assertRefused(Provenance.parse(links), policy, Problem.SIGNATURE_INVALID);

        links = new ArrayList<>(chain.links());
        String[] first = links.get(0).split("\\.");
        String[] second = links.get(1).split("\\.");
        links.set(1, second[0] + "." + second[1] + "." + first[2]);
        assertRefused(Provenance.parse(links), policy, Problem.SIGNATURE_INVALID);
    }

    @Test
    void aRemovedLinkIsMissed() throws Exception {
        List<String> links = chain.links();

        assertRefused(parse(links.get(1), links.get(2)), policy, Problem.PROVENANCE_LINK_MISSING);
        assertRefused(parse(links.get(0), links.get(2)), policy, Problem.PROVENANCE_LINK_MISSING);
        assertRefused(parse(links.get(2)), policy, Problem.PROVENANCE_LINK_MISSING);
        assertRefused(parse(links.get(0), links.get(1)), policy, Problem.SIGNED_ANOTHER_PACKAGE);
        assertRefused(parse(links.get(0)), policy, Problem.SIGNED_ANOTHER_PACKAGE);
    }

    @Test
    void everyOtherOrderIsNoticed() throws Exception {
        List<String> links = chain.links();
        for (List<Integer> order : List.of(
                List.of(0, 2, 1),
                List.of(1, 0, 2),
                List.of(1, 2, 0),
                List.of(2, 0, 1),
                List.of(2, 1, 0),
                List.of(0, 0, 1, 2),
                List.of(0, 1, 1, 2),
                List.of(0, 1, 2, 2))) {
            List<String> shuffled = order.stream().map(links::get).toList();
            assertRefused(Provenance.parse(shuffled), policy, Problem.PROVENANCE_OUT_OF_ORDER);
        }
    }

    @Test
    void aLinkOfAnotherChainIsNoticed() throws Exception {
        Provenance other = Provenance.none().signedBy(a, UUID.randomUUID(), EARLIER, null, List.of(), List.of());
        List<String> links = new ArrayList<>(chain.links());
        links.set(0, other.links().get(0));

        assertRefused(Provenance.parse(links), policy, Problem.PROVENANCE_LINK_MISSING);
    }

    @Test
    void itIsOfThisPackageAlone() {
        assertThatThrownBy(() -> chain.verify(UUID.randomUUID(), CONTENTS, policy))
                .satisfies(e -> assertThat(problem(e)).isEqualTo(Problem.SIGNED_ANOTHER_PACKAGE));
        assertThatThrownBy(() -> chain.verify(PACKAGE, EARLIER, policy))
                .satisfies(e -> assertThat(problem(e)).isEqualTo(Problem.SIGNED_ANOTHER_PACKAGE));
    }

    @Test
    void aPackageForSomebodyElseIsRefused() throws Exception {
        assertRefused(chain, SignaturePolicy.of(b, signers(c)), Problem.SIGNED_FOR_OTHERS);
        Provenance open = Provenance.none().signedBy(c, PACKAGE, CONTENTS, null, List.of(), List.of());
        open.verify(PACKAGE, CONTENTS, SignaturePolicy.of(b, signers(c)));
        assertRefused(open, SignaturePolicy.of(b, signers(c)).addressedToUs(), Problem.SIGNED_FOR_OTHERS);
        chain.verify(PACKAGE, CONTENTS, policy.addressedToUs());
    }

    @Test
    void aPackageForAFormerSelfIsForUs() throws Exception {
        HostIdentity renewed = here.successor(LocalDate.MAX);

        chain.verify(PACKAGE, CONTENTS, SignaturePolicy.of(renewed, signers(c)));
    }

    @Test
    void aHostTakesBackWhatItHasSignedItself() throws Exception {
        SignaturePolicy ours = SignaturePolicy.of(here, signers(c));
        Provenance backup = Provenance.none().signedBy(here, PACKAGE, CONTENTS, null, List.of(), List.of());

        backup.verify(PACKAGE, CONTENTS, ours);
        backup.verify(PACKAGE, CONTENTS, ours.comingFrom(signers(c)).handledBy(signers(c)));
        Provenance.none()
                .signedBy(c, UUID.randomUUID(), EARLIER, null, List.of(), List.of())
                .signedBy(here, UUID.randomUUID(), EARLIER, null, List.of(), List.of())
                .signedBy(c, PACKAGE, CONTENTS, null, List.of(), List.of())
                .verify(PACKAGE, CONTENTS, ours.handledBy(signers(a)));
        HostIdentity renewed = here.successor(LocalDate.MAX);
        backup.verify(PACKAGE, CONTENTS, SignaturePolicy.of(renewed, signers(c)));
        HostIdentity retired = here.successor(LocalDate.EPOCH.plusDays(1));
        assertRefused(backup, SignaturePolicy.of(retired, signers(c)), Problem.SIGNER_UNKNOWN);
        assertRefused(backup, SignaturePolicy.of(b, signers(c)), Problem.SIGNER_UNKNOWN);
    }

    @Test
    void whatIsTooOldOrFromTheFutureIsRefused() throws Exception {
        SignaturePolicy hour = policy.notOlderThan(Duration.ofHours(1));
        chain.verify(PACKAGE, CONTENTS, hour.by(at(NOW.plus(Duration.ofMinutes(64)))));
        chain.verify(PACKAGE, CONTENTS, hour.by(at(NOW.minus(Duration.ofMinutes(4)))));

        assertRefused(chain, hour.by(at(NOW.plus(Duration.ofMinutes(66)))), Problem.PACKAGE_OUTDATED);
        assertRefused(chain, hour.by(at(NOW.minus(Duration.ofMinutes(6)))), Problem.PACKAGE_OUTDATED);
    }

    @Test
    void theStoreIsAskedEachTime() throws Exception {
        NodeStore store = NodeStore.in(temp.resolve("nodes"));
        SignaturePolicy trusting = SignaturePolicy.of(here, AcceptedSigners.in(store));

        assertRefused(chain, trusting, Problem.SIGNER_UNKNOWN);
        store.add(c.card("c"));
        chain.verify(PACKAGE, CONTENTS, trusting);
        HostIdentity renewed = c.successor(LocalDate.MAX);
        store.renew(renewed.card("c"));
        chain.verify(PACKAGE, CONTENTS, trusting);
        store.delete(renewed.fingerprint());
        assertRefused(chain, trusting, Problem.SIGNER_UNKNOWN);
    }

    @Test
    void aChainThatHasBecomeTooLongBeginsAfresh() throws Exception {
        Provenance longest = Provenance.none();
        for (int i = 0; i < Provenance.MAX_LINKS; i++) {
            longest = longest.signedBy(i == 0 ? a : b, PACKAGE, CONTENTS, null, List.of(), List.of());
        }
        assertThat(Provenance.parse(longest.links()).claims()).hasSize(Provenance.MAX_LINKS);

        Provenance next = longest.signedBy(c, PACKAGE, CONTENTS, null, List.of(), List.of("one"));

        assertThat(next.claims()).hasSize(1);
        assertThat(next.claims().get(0).changes()).hasSize(2).first().asString().contains("left out");
        assertRefused(next, policy.comingFrom(signers(a)), Problem.ORIGIN_UNKNOWN);
        List<String> tooMany =
                Collections.nCopies(Provenance.MAX_LINKS + 1, chain.links().get(0));
        assertThatThrownBy(() -> Provenance.parse(tooMany))
                .satisfies(e -> assertThat(problem(e)).isEqualTo(Problem.PACKAGE_LIMIT_EXCEEDED));
    }

    @Test
    void theLongestLinkIsReadAndALongerOneNotMade() throws Exception {
        List<String> changes = Collections.nCopies(ProvenanceLink.MAX_CHANGES, "\u4e00".repeat(128));
        List<Fingerprint> recipients = Collections.nCopies(ProvenanceLink.MAX_RECIPIENTS, here.fingerprint());

        Provenance full = Provenance.none().signedBy(c, PACKAGE, CONTENTS, EARLIER, recipients, changes);

        Provenance.parse(full.links()).verify(PACKAGE, CONTENTS, policy);
        for (List<String> tooMuch :
                List.of(Collections.nCopies(65, "x"), List.of("x".repeat(129)), List.of(""), List.of("a\nb"))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Provenance.none().signedBy(c, PACKAGE, CONTENTS, null, List.of(), tooMuch));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "\"vmmig\":1;\"vmmig\":0",
                "\"vmmig\":1;\"vmmig\":2",
                "\"vmmig\":1;\"vmmig\":1,\"critical\":[\"moon\"]",
                "\"package\":\"0;\"package\":\"X",
                "sha256:abab;md5:abab",
                "\"signer\":\";\"signer\":\"A",
                "2026-01-31T;2026-13-31T",
                "\"to\":[;\"to\":[1,",
                "\"to\":[\";\"to\":[\"zz",
                "\"to\":[;\"to\":{[",
                "\"changes\":[];\"changes\":[null]",
                "\"changes\":[];\"changes\":[\"a\\nb\"]",
                "\"changes\":[];\"chances\":[]",
                "\"previous\":\"s;\"previous\":\"S"
            })
    void malformedLinksAreRefusedHoweverWellSigned(String change) {
        String json = new String(chain.claims().get(2).encode(), StandardCharsets.UTF_8);
        String[] parts = change.split(";");
        String malformed = parts.length == 2 ? json.replace(parts[0], parts[1]) : change;
        assertThat(malformed).isNotEqualTo(json);
        String jws = c.sign(ProvenanceLink.TYPE, malformed.getBytes(StandardCharsets.UTF_8));

        assertThatThrownBy(() -> Provenance.parse(List.of(jws)))
                .satisfies(e -> assertThat(Set.of(Problem.PACKAGE_MALFORMED, Problem.PACKAGE_TOO_NEW))
                        .contains(problem(e)));
    }

    @Test
    void fuzzedLinksAreRefusedInOneWay() {
        Random random = new Random(5);
        byte[] json = chain.claims().get(1).encode();
        for (int i = 0; i < 400; i++) {
            byte[] fuzzed = json.clone();
            for (int n = random.nextInt(3); n >= 0; n--) {
                fuzzed[random.nextInt(fuzzed.length)] = (byte) "{}[]\",:0a\\".charAt(random.nextInt(10));
            }
            String jws = c.sign(ProvenanceLink.TYPE, fuzzed);
            try {
                Provenance.parse(List.of(jws)).verify(PACKAGE, CONTENTS, policy);
                throw new AssertionError("it is not of this package");
            } catch (VmmigException e) {
                assertThat(e.problem().family()).isIn(Problem.Family.PACKAGE_FORMAT, Problem.Family.INTEGRITY);
            }
        }
    }

    private static Provenance parse(String... links) throws VmmigException {
        return Provenance.parse(List.of(links));
    }

    private static Clock at(Instant instant) {
        return Clock.fixed(instant, ZoneOffset.UTC);
    }

    private static AcceptedSigners signers(HostIdentity... identities) {
        return AcceptedSigners.of(Set.copyOf(
                Stream.of(identities).map(one -> one.keys().signing()).toList()));
    }

    private static void assertRefused(Provenance provenance, SignaturePolicy policy, Problem problem) {
        assertThatThrownBy(() -> provenance.verify(PACKAGE, CONTENTS, policy))
                .satisfies(e -> assertThat(problem(e)).isEqualTo(problem));
    }

    private static Problem problem(Throwable e) {
        return ((VmmigException) e).problem();
    }
}
