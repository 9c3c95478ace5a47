// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageReader;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.domain.DomainSettings;
import io.vmmig.error.EndState;
import io.vmmig.error.Failure;
import io.vmmig.error.IntegrityException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.protection.Handling;
import io.vmmig.protection.PackageVerifier;
import io.vmmig.report.Notice;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.IncomingPackage;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Offer;
import io.vmmig.transport.StoredPackage;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The source of one guest as the destination sees it: a peer that has paused it, or a stored package, with nobody at the other end. */
abstract class Origin {
    /** The incoming package. */
    final IncomingPackage incoming;

    private Origin(IncomingPackage incoming) {
        this.incoming = incoming;
    }

    /** The source's authenticated identity. */
    Optional<String> peer() {
        return Optional.empty();
    }

    /** Whether the connection is down, for a while or for good. */
    boolean disconnected() {
        return false;
    }

    void onReconnected(Consumer<Duration> listener) {}

    void awaitOffer() throws VmmigException {}

    /** The offer; for a stored package, only after its signatures have been verified. */
    abstract Offer offer() throws VmmigException;

    /** Earlier packages that the caller has named, the oldest first. */
    List<StoredPackage.EarlierPackage> earlierPackages() {
        return List.of();
    }

    /** The settings for a guest that may be a copy with its own identity. */
    DomainSettings identityOfCopy(DomainSettings chosen) {
        return chosen;
    }

    /** Whether the source has paused the guest and may ask for the outcome later. */
    abstract boolean sourceMayAsk();

    /** The contents among {@code held} that the source leaves out. */
    Set<String> leftOut(Set<String> held) {
        return Set.of();
    }

    /**
     * Accepts the offer.
     *
     * @param consume records that the package is consumed
     */
    void accept(Acceptance acceptance, Work.Step consume) throws VmmigException {}

    /**
     * Tells the source that from here on only what arrives afterwards can be refused.
     *
     * @param restorable throws if the hypervisor would refuse the guest
     */
    void ready(Work.Step restorable) throws VmmigException {}

    /** Verifies who made the package; returns the hosts that handled the guest. */
    abstract List<Handling> verify(Manifest manifest, PackageSummary summary) throws VmmigException;

    /** Since when the guest has been paused, as far as this host knows. */
    abstract Instant pausedSince(Manifest manifest, Instant domainReceived);

    void restored() throws VmmigException {}

    void awaitCommit() throws VmmigException {}

    /** Called after COMMITTED is recorded; {@code consume} as for {@link #accept}. */
    void committed(Work.Step consume) throws VmmigException {}

    /** Confirms that the guest has been taken over. */
    abstract void resumed(boolean copy, Recorder recorder);

    /** The source's state after a failure. */
    abstract EndState sourceHas(Failure failure);

    /** Refuses the guest; never throws, from any thread. */
    abstract void refuse(Failure reason);

    /** Releases everything; idempotent, from any thread. */
    void close() {
        incoming.close();
    }

    /** A live host. */
    static final class FromPeer extends Origin {
        private static final Logger LOG = LoggerFactory.getLogger(FromPeer.class);

        private final IncomingSession session;
        private final @Nullable PackageVerifier verifier;

        FromPeer(IncomingSession session, ReceiveSettings settings) {
            super(session);
            this.session = session;
            this.verifier = settings.verifier;
        }

        @Override
        Optional<String> peer() {
            return session.peer();
        }

        @Override
        boolean disconnected() {
            return session.disconnected();
        }

        @Override
        void onReconnected(Consumer<Duration> listener) {
            session.onReconnected(listener);
        }

        @Override
        void awaitOffer() throws VmmigException {
            session.awaitOffer();
        }

        @Override
        Offer offer() throws VmmigException {
            return session.offer();
        }

        @Override
        boolean sourceMayAsk() {
            return true;
        }

        @Override
        Set<String> leftOut(Set<String> held) {
            return held;
        }

        /** Consumes the package before the guest is paused, since another attempt makes a new package. */
        @Override
        void accept(Acceptance acceptance, Work.Step consume) throws VmmigException {
            consume.run();
            session.accept(acceptance);
        }

        @Override
        void ready(Work.Step restorable) throws VmmigException {
            restorable.run();
            session.ready();
        }

        @Override
        List<Handling> verify(Manifest manifest, PackageSummary summary) throws VmmigException {
            return verifier == null
                    ? List.of()
                    : verifier.verify(manifest.packageId(), summary.contentsDigest(), summary.signatures());
        }

        /** The source sends the XML right after pausing the guest. */
        @Override
        Instant pausedSince(Manifest manifest, Instant domainReceived) {
            return domainReceived;
        }

        @Override
        void restored() throws VmmigException {
            session.restored();
        }

        @Override
        void awaitCommit() throws VmmigException {
            session.awaitCommit();
        }

        @Override
        void resumed(boolean copy, Recorder recorder) {
            try {
                session.resumed();
            } catch (VmmigException e) {
                LOG.warn("guest {}: continues here, but its source could not be notified", recorder.guest(), e);
            }
        }

        @Override
        EndState sourceHas(Failure failure) {
            return failure.source();
        }

        @Override
        void refuse(Failure reason) {
            session.refuse(reason);
        }
    }

    /** A stored package: nobody is at the other end. */
    static final class FromStore extends Origin {
        private final StoredPackage stored;
        private final List<StoredPackage> earlier;
        private final ReceiveSettings settings;
        private PackageReader.@Nullable Evidence evidence;
        private List<Handling> provenance = List.of();

        FromStore(StoredPackage stored, List<StoredPackage> earlier, ReceiveSettings settings) {
            super(stored);
            this.stored = stored;
            this.earlier = earlier;
            this.settings = settings;
        }

        /** Verifies the signatures before using anything in the package. */
        @Override
        Offer offer() throws VmmigException {
            PackageVerifier verifier = settings.verifier;
            if (verifier == null) {
                throw new IntegrityException(
                        Problem.SIGNATURE_MISSING,
                        "nobody has said whose packages are accepted from a file",
                        "Say so with Receiver.accepting(…).");
            }
            PackageReader.Evidence read = PackageReader.readEvidence(stored.packageStream(), settings.limits);
            provenance = verifier.verify(read.manifest().packageId(), read.contentsDigest(), read.signatures());
            evidence = read;
            return Offer.of(PackageReader.readHead(stored.packageStream(), settings.limits));
        }

        @Override
        List<StoredPackage.EarlierPackage> earlierPackages() {
            return Stream.concat(
                            stored.earlierPackages().stream(), earlier.stream().map(Earlier::new))
                    .toList();
        }

        private record Earlier(StoredPackage stored) implements StoredPackage.EarlierPackage {
            @Override
            public InputStream open() {
                return stored.packageStream();
            }

            @Override
            public String toString() {
                return stored.description();
            }
        }

        /** A guest with another uuid runs beside its original, and must not use the same network addresses. */
        @Override
        DomainSettings identityOfCopy(DomainSettings chosen) {
            return chosen.uuid().isPresent() && chosen.linksDown().isEmpty() ? chosen.withLinksDown() : chosen;
        }

        @Override
        boolean sourceMayAsk() {
            return false;
        }

        @Override
        List<Handling> verify(Manifest manifest, PackageSummary summary) throws VmmigException {
            if (evidence == null || !evidence.contentsDigest().equals(summary.contentsDigest())) {
                throw new IntegrityException(
                        Problem.DIGEST_MISMATCH,
                        "the package was changed after its signatures had been verified",
                        "Find out who writes to it.");
            }
            return provenance;
        }

        @Override
        Instant pausedSince(Manifest manifest, Instant domainReceived) {
            return manifest.createdAt();
        }

        /** Consumes the package only now: one whose restore has failed can be restored later. */
        @Override
        void committed(Work.Step consume) throws VmmigException {
            consume.run();
        }

        @Override
        void resumed(boolean copy, Recorder recorder) {
            try {
                if (copy) {
                    stored.takenAsCopy();
                } else {
                    stored.taken();
                }
                for (StoredPackage one : earlier) {
                    one.takenAsCopy();
                }
            } catch (VmmigException e) {
                recorder.notice(new Notice(
                        Notice.Kind.LEFT_BEHIND,
                        stored.description(),
                        "the source keeps the guest paused, since it could not be notified that it continues here: "
                                + e.failure().what(),
                        "Tell it with HttpPackage.answer(…), then let it recover."));
            }
        }

        @Override
        EndState sourceHas(Failure failure) {
            return EndState.HOLDS_PACKAGE;
        }

        @Override
        void refuse(Failure reason) {
            if (reason.problem().family() == Problem.Family.INTEGRITY
                    || reason.problem().family() == Problem.Family.PACKAGE_FORMAT) {
                stored.rejected();
                earlier.forEach(StoredPackage::rejected);
            }
            close();
        }

        @Override
        void close() {
            earlier.forEach(StoredPackage::close);
            super.close();
        }
    }
}
