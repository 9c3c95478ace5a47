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
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where one guest comes from, as its destination deals with it: a peer that has it paused, or a stored package, with nobody at the other
 * end.
 */
abstract class Origin {
    /** The package that comes from there. */
    final IncomingPackage incoming;

    private Origin(IncomingPackage incoming) {
        this.incoming = incoming;
    }

    /** What the source has proven to be. */
    Optional<String> peer() {
        return Optional.empty();
    }

    /** Whether the connection is broken, and may come back. */
    boolean disconnected() {
        return false;
    }

    void onReconnected(Consumer<Duration> listener) {}

    void awaitOffer() throws VmmigException {}

    /** What is offered; of a stored package, once its signatures have been verified. */
    abstract Offer offer() throws VmmigException;

    /** Earlier packages that the caller has brought along, the oldest first. */
    List<StoredPackage.EarlierPackage> earlierPackages() {
        return List.of();
    }

    /** Who the guest is to be here, if it is a copy. */
    DomainSettings identityOfCopy(DomainSettings chosen) {
        return chosen;
    }

    /** Whether the source has the guest paused, and may ask later what became of it. */
    abstract boolean sourceMayAsk();

    /** Of the contents that are held here, those that the source leaves out. */
    Set<String> leftOut(Set<String> held) {
        return Set.of();
    }

    /**
     * Says yes.
     *
     * @param consume records that the package is taken in
     */
    void accept(Acceptance acceptance, Scope.Closing consume) throws VmmigException {}

    /**
     * Says that nothing is left to refuse but what still comes.
     *
     * @param restorable fails if the hypervisor would refuse the guest
     */
    void ready(Scope.Closing restorable) throws VmmigException {}

    /** Checks who has made the package; returns where the guest has been. */
    abstract List<Handling> verify(Manifest manifest, PackageSummary summary) throws VmmigException;

    /** Since when the guest was paused, as far as that is known here. */
    abstract Instant pausedSince(Manifest manifest, Instant domainReceived);

    void restored() throws VmmigException {}

    void awaitCommit() throws VmmigException {}

    /** COMMITTED is recorded; {@code consume} as for {@link #accept}. */
    void committed(Scope.Closing consume) throws VmmigException {}

    /** Says that the guest is here for good. */
    abstract void resumed(boolean copy, Recorder recorder);

    /** What the source has after a failure. */
    abstract EndState sourceHas(Failure failure);

    /** Never throws; from any thread. */
    abstract void refuse(Failure reason);

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

        /** Another try has another package, so this can be recorded before the guest is paused. */
        @Override
        void accept(Acceptance acceptance, Scope.Closing consume) throws VmmigException {
            consume.close();
            session.accept(acceptance);
        }

        @Override
        void ready(Scope.Closing restorable) throws VmmigException {
            restorable.close();
            session.ready();
        }

        @Override
        List<Handling> verify(Manifest manifest, PackageSummary summary) throws VmmigException {
            return verifier == null
                    ? List.of()
                    : verifier.verify(manifest.packageId(), summary.contentsDigest(), summary.signatures());
        }

        /** Its XML is sent when it has been paused. */
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
                LOG.warn("guest {}: continues here, but its source could not be told", recorder.guest(), e);
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
        private final ReceiveSettings settings;
        private PackageReader.@Nullable Evidence evidence;
        private List<Handling> provenance = List.of();

        FromStore(StoredPackage stored, ReceiveSettings settings) {
            super(stored);
            this.stored = stored;
            this.settings = settings;
        }

        /** Nothing in it is used before its signatures have been verified. */
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
            return stored.earlierPackages();
        }

        /** Under another uuid it is there to live beside its original, and must not take that one's place in the network. */
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

        /** Not before: a package whose restore has failed can be restored later. */
        @Override
        void committed(Scope.Closing consume) throws VmmigException {
            consume.close();
        }

        @Override
        void resumed(boolean copy, Recorder recorder) {
            try {
                if (copy) {
                    stored.takenAsCopy();
                } else {
                    stored.taken();
                }
            } catch (VmmigException e) {
                recorder.notice(new Notice(
                        Notice.Kind.LEFT_BEHIND,
                        stored.description(),
                        "the source keeps the guest paused, since it could not be told that it continues here: "
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
            }
            stored.close();
        }
    }
}
