// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import io.vmmig.sparse.BlockInput;
import io.vmmig.sparse.BlockOutput;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Offer;
import io.vmmig.transport.OutgoingSession;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The two ends of one session of an {@link InMemoryTransport}; this object is the lock. */
final class InMemoryLink {
    private static final int MAX_BLOCKS = 16;
    private static final long DEADLINE_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final boolean losesAnswerToCommit;
    private final Deque<byte[]> blocks = new ArrayDeque<>();
    private @Nullable Offer offer;
    private @Nullable Acceptance acceptance;
    private @Nullable Failure aborted;
    private @Nullable Failure refused;
    private boolean waiting;
    private boolean ready;
    private boolean complete;
    private boolean restored;
    private boolean committed;
    private boolean resumed;
    private boolean dropped;

    InMemoryLink(boolean losesAnswerToCommit) {
        this.losesAnswerToCommit = losesAnswerToCommit;
    }

    OutgoingSession outgoing() {
        return new Outgoing();
    }

    IncomingSession incoming() {
        return new Incoming();
    }

    @FunctionalInterface
    private interface Condition {
        boolean holds() throws VmmigException;
    }

    private synchronized void await(Condition condition) throws VmmigException {
        long deadline = System.nanoTime() + DEADLINE_NANOS;
        while (!condition.holds()) {
            long millis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (millis <= 0) {
                throw new TransportException(Problem.PEER_STALLED, "the other end said nothing", "");
            }
            try {
                wait(millis);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new TransportException(Problem.CONNECTION_LOST, "interrupted", "", e);
            }
        }
    }

    private synchronized void say(Runnable change) {
        change.run();
        notifyAll();
    }

    /** Whether the present package is a baseline, after which another offer follows. */
    private synchronized boolean offersBaseline() {
        return offer != null && offer.manifest().baseline();
    }

    private static Failure closed() {
        return Failure.of(Problem.CONNECTION_LOST, "the other end closed the connection", "");
    }

    private final class Outgoing implements OutgoingSession {
        private void requireGoodwill() throws VmmigException {
            // First, since the other end closes the connection after it.
            if (aborted != null) {
                throw VmmigException.of(aborted, null);
            }
            if (refused != null) {
                throw VmmigException.of(refused.heardFromPeer(), null);
            }
        }

        private static void require(boolean inOrder) {
            if (!inOrder) {
                throw new IllegalStateException("not now");
            }
        }

        private void awaitOrRefusal(Condition condition) throws VmmigException {
            await(() -> {
                requireGoodwill();
                return condition.holds();
            });
        }

        @Override
        public Acceptance offer(Offer what) throws VmmigException {
            say(() -> offer = what);
            awaitOrRefusal(() -> acceptance != null);
            return java.util.Objects.requireNonNull(acceptance);
        }

        @Override
        public OutputStream packageStream() {
            return new BlockOutput() {
                @Override
                public void write(byte[] buffer, int offset, int length) throws IOException {
                    require(acceptance != null);
                    byte[] block = java.util.Arrays.copyOfRange(buffer, offset, offset + length);
                    try {
                        awaitOrRefusal(() -> blocks.size() < MAX_BLOCKS);
                    } catch (VmmigException e) {
                        throw new IOException(e);
                    }
                    say(() -> blocks.add(block));
                }
            };
        }

        @Override
        public void awaitReady() throws VmmigException {
            boolean baseline = offersBaseline();
            say(() -> waiting = true);
            awaitOrRefusal(() -> ready);
            say(() -> ready = !baseline);
        }

        @Override
        public void finish() throws VmmigException {
            say(() -> complete = true);
            awaitOrRefusal(() -> restored);
        }

        @Override
        public void commit() throws VmmigException {
            requireGoodwill();
            require(restored);
            say(() -> committed = true);
            if (losesAnswerToCommit) {
                throw answerLost();
            }
            awaitOrRefusal(() -> resumed || dropped);
            if (!resumed) {
                throw answerLost();
            }
        }

        private static TransportException answerLost() {
            return new TransportException(
                    Problem.OUTCOME_UNKNOWN, "the answer to the commit was lost", "Look at the destination.");
        }

        @Override
        public void abort(@Nullable Failure reason) {
            say(() -> {
                if (!committed && aborted == null) {
                    aborted = reason == null ? Failure.of(Problem.PEER_FAILED, "the other end gave up", "") : reason;
                }
            });
        }

        @Override
        public void close() {
            abort(null);
        }
    }

    private final class Incoming implements IncomingSession {
        private void awaitOrAbort(Condition condition) throws VmmigException {
            await(() -> {
                if (aborted != null) {
                    throw VmmigException.of(aborted.heardFromPeer(), null);
                }
                if (refused != null) {
                    throw VmmigException.of(refused, null);
                }
                return condition.holds();
            });
        }

        @Override
        public void awaitOffer() throws VmmigException {
            awaitOrAbort(() -> offer != null);
        }

        @Override
        public Offer offer() throws VmmigException {
            awaitOffer();
            return java.util.Objects.requireNonNull(offer);
        }

        @Override
        public String description() {
            return "another host in memory";
        }

        @Override
        public void accept(Acceptance yes) {
            say(() -> acceptance = yes);
        }

        @Override
        public InputStream packageStream() {
            return new Blocks(this, offersBaseline());
        }

        @Override
        public void ready() {
            say(() -> {
                ready = true;
                if (offersBaseline()) {
                    offer = null;
                    acceptance = null;
                    waiting = false;
                }
            });
        }

        @Override
        public void restored() {
            say(() -> restored = true);
        }

        @Override
        public void awaitCommit() throws VmmigException {
            awaitOrAbort(() -> committed);
        }

        @Override
        public void resumed() {
            say(() -> resumed = true);
        }

        @Override
        public void refuse(Failure reason) {
            say(() -> {
                if (!resumed && refused == null) {
                    refused = reason;
                }
            });
        }

        @Override
        public void close() {
            say(() -> {
                dropped = committed && !resumed && refused == null;
                if (!committed && refused == null) {
                    refused = closed();
                }
            });
        }
    }

    private final class Blocks extends BlockInput {
        private final Incoming incoming;
        private final boolean baseline;
        private byte[] block = {};
        private int at;

        Blocks(Incoming incoming, boolean baseline) {
            this.incoming = incoming;
            this.baseline = baseline;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            while (at == block.length) {
                if (!nextBlock()) {
                    return -1;
                }
            }
            int n = Math.min(length, block.length - at);
            System.arraycopy(block, at, buffer, offset, n);
            at += n;
            return n;
        }

        private boolean nextBlock() throws IOException {
            try {
                incoming.awaitOrAbort(() -> !blocks.isEmpty() || complete || waiting && baseline);
            } catch (VmmigException e) {
                throw new IOException(e);
            }
            synchronized (InMemoryLink.this) {
                byte[] next = blocks.poll();
                InMemoryLink.this.notifyAll();
                if (next == null) {
                    return false;
                }
                block = next;
                at = 0;
                return true;
            }
        }
    }
}
