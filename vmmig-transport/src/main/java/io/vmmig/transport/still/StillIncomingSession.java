// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.still;

import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.PackageReader;
import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Offer;
import io.vmmig.transport.wire.OpenedLazily;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** Takes a guest from a package that lies still, and stays as it is. Nobody is at the other end, so each step is granted. */
public abstract class StillIncomingSession implements IncomingSession {
    private enum Stage {
        OPENED,
        OFFERED,
        ACCEPTED,
        RESTORED,
        COMMITTED,
        RESUMED
    }

    private final String description;
    private final PackageSealing sealing;

    private final Object lock = new Object();
    private Stage stage = Stage.OPENED;
    private @Nullable Offer offer;
    private @Nullable VmmigException reason;

    protected StillIncomingSession(String description, PackageSealing sealing) {
        this.description = description;
        this.sealing = sealing;
    }

    /** The stored bytes from the first, at a position of its own; can be marked. */
    protected abstract InputStream stored();

    /** Frees what is held, once the session has ended; may be called more than once, and by any thread. */
    protected abstract void release();

    @Override
    public Offer offer() throws VmmigException {
        synchronized (lock) {
            if (offer != null) {
                return offer;
            }
        }
        PackageReader.Head head = PackageReader.readHead(packageStream(), PackageLimits.DEFAULT);
        Offer read = Offer.of(head);
        synchronized (lock) {
            advance(Stage.OPENED, Stage.OFFERED);
            offer = read;
        }
        return read;
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public boolean live() {
        return false;
    }

    @Override
    public void accept(Acceptance acceptance) throws VmmigException {
        advance(Stage.OFFERED, Stage.ACCEPTED);
    }

    @Override
    public InputStream packageStream() {
        return new OpenedLazily(stored(), content -> sealing.opened(content, description));
    }

    /** No source waits. */
    @Override
    public void ready() {}

    @Override
    public void restored() throws VmmigException {
        advance(Stage.ACCEPTED, Stage.RESTORED);
    }

    @Override
    public void awaitCommit() throws VmmigException {
        advance(Stage.RESTORED, Stage.COMMITTED);
    }

    @Override
    public void resumed() throws VmmigException {
        advance(Stage.COMMITTED, Stage.RESUMED);
    }

    @Override
    public void refuse(Failure reason) {
        end(VmmigException.of(reason, null));
    }

    @Override
    public void close() {
        end(VmmigException.of(Problem.CANCELLED, "the package was closed", ""));
    }

    private void end(VmmigException why) {
        synchronized (lock) {
            if (reason == null) {
                reason = why;
            }
        }
        release();
    }

    /** Why the session has ended; null if it goes on. */
    protected final @Nullable VmmigException ended() {
        synchronized (lock) {
            return reason == null ? null : VmmigException.of(reason.failure(), reason);
        }
    }

    private void advance(Stage from, Stage to) throws VmmigException {
        synchronized (lock) {
            if (reason != null) {
                throw VmmigException.of(reason.failure(), reason);
            }
            if (stage != from) {
                throw new IllegalStateException("not " + to + " after " + stage);
            }
            stage = to;
        }
    }
}
