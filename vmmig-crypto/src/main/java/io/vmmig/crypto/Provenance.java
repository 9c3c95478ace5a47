// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.content.Digest;
import io.vmmig.error.IntegrityException;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.json.Malformed;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The hosts that a guest has been on: a chain of links, one for each package, in order. Each link is signed by its host ({@link
 * Jws}) and contains the digest of the previous one, so the last link vouches for all.
 *
 * <p>{@code docs/package-format.md} specifies the links. Immutable and thread-safe.
 */
public final class Provenance {
    /** The maximum length of a chain. */
    public static final int MAX_LINKS = 256;

    private static final int MAX_TOTAL_LENGTH = 2 << 20;
    private static final String BEGUN_AFRESH = "the earlier provenance was left out, for it had become too long";

    private record Entry(String jws, Jws.Parts parts, ProvenanceLink link) {
        Digest digest() {
            return Digest.of(jws.getBytes(StandardCharsets.US_ASCII));
        }
    }

    private final List<Entry> entries;

    private Provenance(List<Entry> entries) {
        this.entries = List.copyOf(entries);
    }

    /** For a guest that has never been in a package. */
    public static Provenance none() {
        return new Provenance(List.of());
    }

    /**
     * Parses links without verifying them.
     *
     * @param links the JWS of each, the oldest first
     * @throws PackageFormatException when one of them is invalid, or there are too many
     */
    public static Provenance parse(List<String> links) throws PackageFormatException {
        Malformed.requireWithin("the number of links of the provenance", links.size(), MAX_LINKS);
        long total = links.stream().mapToLong(String::length).sum();
        Malformed.requireWithin("the length of the provenance", total, MAX_TOTAL_LENGTH);
        List<Entry> entries = new ArrayList<>();
        for (String jws : links) {
            entries.add(read(jws));
        }
        return new Provenance(entries);
    }

    private static Entry read(String jws) throws PackageFormatException {
        Jws.Parts parts = Jws.parse(jws, ProvenanceLink.TYPE, ProvenanceLink.MAX_BYTES);
        return new Entry(jws, parts, ProvenanceLink.decode(parts.payload()));
    }

    /** The JWS of each link, the oldest first. */
    public List<String> links() {
        return entries.stream().map(Entry::jws).toList();
    }

    /** The content of the links, unverified until {@link #verify}. */
    public List<ProvenanceLink> claims() {
        return entries.stream().map(Entry::link).toList();
    }

    /**
     * This chain with one more link. If it would be too long, the new link starts a new chain and records that among its changes:
     * the signer becomes the guest's origin.
     *
     * @param self who signs
     * @param packageId the package's id
     * @param contents the digest of the package's contents
     * @param from the digest of the seal of the earlier package in which the guest arrived, or null
     * @param recipients the recipients of the package; empty for anyone
     * @param changes the changes of the domain
     * @throws IllegalArgumentException when {@link ProvenanceLink} does not accept that many recipients, or these changes
     */
    public Provenance signedBy(
            HostIdentity self,
            UUID packageId,
            Digest contents,
            @Nullable Digest from,
            List<Fingerprint> recipients,
            List<String> changes) {
        return signedBy(self, packageId, contents, from, recipients, changes, Instant.now());
    }

    Provenance signedBy(
            HostIdentity self,
            UUID packageId,
            Digest contents,
            @Nullable Digest from,
            List<Fingerprint> recipients,
            List<String> changes,
            Instant now) {
        Digest previous = entries.isEmpty() ? null : last().digest();
        Entry next = entry(
                self,
                new ProvenanceLink(
                        packageId, contents, self.keys().signing(), now, from, recipients, changes, previous));
        long total = next.jws().length()
                + entries.stream().mapToLong(entry -> entry.jws().length()).sum();
        if (entries.size() < MAX_LINKS && total <= MAX_TOTAL_LENGTH) {
            List<Entry> longer = new ArrayList<>(entries);
            longer.add(next);
            return new Provenance(longer);
        }
        List<String> recorded = new ArrayList<>();
        recorded.add(BEGUN_AFRESH);
        recorded.addAll(changes.subList(0, Math.min(changes.size(), ProvenanceLink.MAX_CHANGES - 1)));
        return new Provenance(List.of(entry(
                self,
                new ProvenanceLink(
                        packageId, contents, self.keys().signing(), now, from, recipients, recorded, null))));
    }

    private static Entry entry(HostIdentity self, ProvenanceLink link) {
        try {
            return read(self.sign(ProvenanceLink.TYPE, link.encode()));
        } catch (PackageFormatException e) {
            throw new AssertionError("our own link is valid", e);
        }
    }

    /**
     * Verifies all signatures and the completeness of the chain, and applies a policy. To detect replays, remember {@link
     * ProvenanceLink#packageId()} of the last link; use {@link Problem#PACKAGE_REPLAYED} for them.
     *
     * @param packageId the package at hand
     * @param contents the digest of its actual contents
     * @return the verified links, the oldest first
     * @throws VmmigException with {@link Problem#SIGNATURE_MISSING}, {@link Problem#SIGNATURE_INVALID}, {@link
     *     Problem#PROVENANCE_LINK_MISSING}, {@link Problem#PROVENANCE_OUT_OF_ORDER}, {@link Problem#SIGNED_ANOTHER_PACKAGE},
     *     {@link Problem#SIGNER_UNKNOWN}, {@link Problem#ORIGIN_UNKNOWN}, {@link Problem#HANDLER_UNKNOWN}, {@link
     *     Problem#SIGNED_FOR_OTHERS} or {@link Problem#PACKAGE_OUTDATED}, whichever applies first; or what {@code policy} throws
     */
    public List<ProvenanceLink> verify(UUID packageId, Digest contents, SignaturePolicy policy) throws VmmigException {
        if (entries.isEmpty()) {
            throw refused(
                    Problem.SIGNATURE_MISSING,
                    "the package is not signed",
                    "Take it only from a source that signs its packages.");
        }
        requireSigned();
        requireWhole();
        ProvenanceLink last = last().link();
        if (!last.packageId().equals(packageId) || !last.contents().equals(contents)) {
            throw refused(
                    Problem.SIGNED_ANOTHER_PACKAGE,
                    "the last signature is of another package: of " + last.packageId() + " with the contents "
                            + last.contents() + ", and this is " + packageId + " with " + contents,
                    "Do not use the package: parts of it come from elsewhere, or its last signature was taken away.");
        }
        requireAccepted(policy);
        if (!policy.isFor(last)) {
            throw refused(
                    Problem.SIGNED_FOR_OTHERS,
                    last.recipients().isEmpty()
                            ? "the package names no recipient"
                            : "the package is for other hosts: "
                                    + last.recipients().get(0)
                                    + (last.recipients().size() > 1 ? " and others" : ""),
                    "Make a package for this host at the source.");
        }
        requireRecent(last, policy);
        return claims();
    }

    private Entry last() {
        return entries.get(entries.size() - 1);
    }

    private void requireSigned() throws IntegrityException {
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            if (!entry.parts().isBy(entry.link().signer())) {
                throw refused(
                        Problem.SIGNATURE_INVALID,
                        nth(i) + " is not signed by the key that it names, "
                                + entry.link().signer(),
                        "Do not use the package: its provenance was changed.");
            }
        }
    }

    private void requireWhole() throws IntegrityException {
        Set<Digest> present = new HashSet<>();
        entries.forEach(entry -> present.add(entry.digest()));
        @Nullable Digest before = null;
        for (int i = 0; i < entries.size(); i++) {
            Digest named = entries.get(i).link().previous();
            if (named == null ? before != null : !named.equals(before)) {
                throw named == null || present.contains(named)
                        ? refused(
                                Problem.PROVENANCE_OUT_OF_ORDER,
                                nth(i) + " does not follow from the previous one",
                                "Do not use the package: its provenance was changed.")
                        : refused(
                                Problem.PROVENANCE_LINK_MISSING,
                                "the link that " + nth(i) + " follows is missing",
                                "Do not use the package: someone hides where the guest has been.");
            }
            before = entries.get(i).digest();
        }
    }

    private void requireAccepted(SignaturePolicy policy) throws VmmigException {
        SignerKey signer = last().link().signer();
        if (!policy.signers().accepts(signer)) {
            throw refused(
                    Problem.SIGNER_UNKNOWN,
                    "the package is signed by a host that this one does not accept, with the key " + signer,
                    "If that is a host of yours, add its node card; if it has renewed its keys and this one has ended, accept it with"
                            + " AcceptedSigners.of(…).");
        }
        SignerKey origin = entries.get(0).link().signer();
        if (!policy.origins().accepts(origin)) {
            throw refused(
                    Problem.ORIGIN_UNKNOWN,
                    "the guest comes from a host that this one does not accept, with the key " + origin,
                    "To accept the guest, accept that origin.");
        }
        for (int i = 1; i < entries.size() - 1; i++) {
            SignerKey handler = entries.get(i).link().signer();
            if (!policy.handlers().accepts(handler)) {
                throw refused(
                        Problem.HANDLER_UNKNOWN,
                        "the guest passed through a host that this one does not accept, with the key " + handler,
                        "To accept the guest, accept that host.");
            }
        }
    }

    private static void requireRecent(ProvenanceLink last, SignaturePolicy policy) throws IntegrityException {
        Duration maxAge = policy.maxAge();
        if (maxAge == null) {
            return;
        }
        Duration age = Duration.between(last.signed(), policy.clock().instant());
        if (age.compareTo(maxAge.plus(SignaturePolicy.CLOCK_SKEW)) > 0
                || age.compareTo(SignaturePolicy.CLOCK_SKEW.negated()) < 0) {
            throw refused(
                    Problem.PACKAGE_OUTDATED,
                    "the package was signed at " + last.signed() + "; this host accepts packages that are at most "
                            + maxAge.toSeconds() + " s old",
                    "Make it again at the source, and check the clocks of both hosts.");
        }
    }

    private static String nth(int index) {
        return "link " + (index + 1) + " of the provenance";
    }

    private static IntegrityException refused(Problem problem, String what, String remedy) {
        return new IntegrityException(problem, what, remedy);
    }

    /** Its length and its last signer. */
    @Override
    public String toString() {
        return "Provenance[" + entries.size()
                + (entries.isEmpty() ? "" : ", " + last().link().signer()) + "]";
    }
}
