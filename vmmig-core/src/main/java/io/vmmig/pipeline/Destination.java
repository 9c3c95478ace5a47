// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.Manifest;
import io.vmmig.error.EndState;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Guest;
import io.vmmig.report.Notice;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.Offer;
import io.vmmig.transport.OutgoingPackage;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.PackageStore;
import io.vmmig.transport.PackageUpload;
import io.vmmig.transport.Peer;
import io.vmmig.transport.Transport;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The destination of one migration as the source sees it: a peer, or a package store, where nobody waits for the package. */
abstract class Destination {
    /** The package on its way there. */
    final OutgoingPackage outgoing;

    private Destination(OutgoingPackage outgoing) {
        this.outgoing = outgoing;
    }

    /** Connects to {@code transport}. */
    static Destination open(Transport transport) throws VmmigException {
        return transport instanceof Peer peer ? new ToPeer(peer.open()) : new ToStore(((PackageStore) transport).put());
    }

    void onReconnected(Consumer<Duration> listener) {}

    /** What the destination needs to start its hypervisor before the guest is paused. */
    Optional<String> cookie(Guest guest) throws VmmigException {
        return Optional.empty();
    }

    abstract Acceptance offer(Offer offer) throws VmmigException;

    /** The contents among {@code held} that need not be sent. */
    abstract Set<String> leftOut(Manifest manifest, Set<String> held);

    /** What is needed besides the package to restore it. */
    abstract List<Notice> contentNeeded(Agreement agreement) throws VmmigException;

    /** Waits until the destination has nothing left to refuse before the guest is paused. */
    void awaitReady() throws VmmigException {}

    /** Hands the package over: COMMIT to a peer, publication in a store. Throws as {@link OutgoingSession#commit} does. */
    abstract void deliver(HandOverJournal journal) throws VmmigException;

    /** The destination's state after it has taken over a guest that was running or paused. */
    abstract EndState delivered(boolean running);

    /** When a guest that was just handed over ran again; null if that is not known, or it was paused. */
    abstract @Nullable Instant resumedAt(boolean running);

    private static final class ToPeer extends Destination {
        private final OutgoingSession session;

        ToPeer(OutgoingSession session) {
            super(session);
            this.session = session;
        }

        @Override
        void onReconnected(Consumer<Duration> listener) {
            session.onReconnected(listener);
        }

        @Override
        Optional<String> cookie(Guest guest) throws VmmigException {
            return guest.cookie();
        }

        @Override
        Acceptance offer(Offer offer) throws VmmigException {
            return session.offer(offer);
        }

        @Override
        Set<String> leftOut(Manifest manifest, Set<String> held) {
            return held;
        }

        @Override
        List<Notice> contentNeeded(Agreement agreement) {
            return List.of();
        }

        @Override
        void awaitReady() throws VmmigException {
            session.awaitReady();
        }

        @Override
        void deliver(HandOverJournal journal) throws VmmigException {
            session.commit();
        }

        @Override
        EndState delivered(boolean running) {
            return running ? EndState.RUNS : EndState.PAUSED;
        }

        @Override
        @Nullable
        Instant resumedAt(boolean running) {
            return running ? Instant.now() : null;
        }
    }

    private static final class ToStore extends Destination {
        private final PackageUpload upload;

        ToStore(PackageUpload upload) {
            super(upload);
            this.upload = upload;
        }

        @Override
        Acceptance offer(Offer offer) throws VmmigException {
            Manifest manifest = offer.manifest();
            Acceptance accepted = upload.begin(manifest);
            if (!manifest.baseline()) {
                return accepted;
            }
            // It is read before the package that includes these files.
            Set<Manifest.Reference> references = new HashSet<>(accepted.references());
            references.removeAll(manifest.bootReferences());
            references.removeAll(manifest.includedBaseReferences());
            return new Acceptance(accepted.held(), references);
        }

        /** A package that refers to an earlier one leaves out the boot files in that one; any other holds them itself. */
        @Override
        Set<String> leftOut(Manifest manifest, Set<String> held) {
            return manifest.references().stream()
                            .anyMatch(reference -> reference.kind() == Manifest.Reference.Kind.PACKAGE)
                    ? held
                    : Set.of();
        }

        @Override
        List<Notice> contentNeeded(Agreement agreement) throws VmmigException {
            return ContentNeeded.of(agreement);
        }

        @Override
        void deliver(HandOverJournal journal) throws VmmigException {
            upload.publish(journal);
        }

        @Override
        EndState delivered(boolean running) {
            return EndState.HOLDS_PACKAGE;
        }

        @Override
        @Nullable
        Instant resumedAt(boolean running) {
            return null;
        }
    }
}
