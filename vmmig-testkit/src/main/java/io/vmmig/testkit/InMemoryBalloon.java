// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Balloon;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.OptionalLong;

/**
 * The balloon of an {@link InMemoryGuest}. As with QEMU, how much it holds travels in the stream, behind the memory. Thread-safe.
 */
final class InMemoryBalloon implements Balloon {
    private static final byte[] MARK = "in-memory balloon of ".getBytes(StandardCharsets.US_ASCII);
    private static final int TRAILER_BYTES = MARK.length + Long.BYTES;

    private final InMemoryHypervisor host;
    private final byte[] memory;
    private final long full;
    private long taken;
    private OptionalLong free = OptionalLong.empty();
    private long lendable;

    InMemoryBalloon(InMemoryHypervisor host, byte[] memory, long fullBytes) {
        this.host = host;
        this.memory = memory;
        full = fullBytes;
    }

    synchronized void addDriver(long freeBytes, long lendableBytes) {
        free = OptionalLong.of(freeBytes);
        lendable = lendableBytes;
    }

    synchronized boolean isEmpty() {
        return taken == 0;
    }

    @Override
    public synchronized long sizeBytes() {
        return full - taken;
    }

    @Override
    public synchronized OptionalLong freeBytes(Duration atMost) {
        return free;
    }

    @Override
    public void resize(long bytes) throws VmmigException {
        // Before the lock is taken, since the host asks its guests with its own lock held.
        host.failIfTold(InMemoryHypervisor.Step.RESIZE);
        lend(full - bytes);
    }

    private synchronized void lend(long wanted) {
        taken = Math.max(Math.min(taken, wanted), Math.min(wanted, lendable));
        int lent = (int) Math.min(memory.length, taken);
        Arrays.fill(memory, memory.length - lent, memory.length, (byte) 0);
    }

    synchronized byte[] stream() {
        return taken == 0
                ? memory
                : ByteBuffer.allocate(memory.length + TRAILER_BYTES)
                        .put(memory)
                        .put(MARK)
                        .putLong(taken)
                        .array();
    }

    static byte[] memoryIn(byte[] stream) {
        return hasTrailer(stream) ? Arrays.copyOf(stream, stream.length - TRAILER_BYTES) : stream;
    }

    synchronized void restore(byte[] stream) {
        if (hasTrailer(stream)) {
            taken = ByteBuffer.wrap(stream).getLong(stream.length - Long.BYTES);
        }
    }

    private static boolean hasTrailer(byte[] stream) {
        int start = stream.length - TRAILER_BYTES;
        return start >= 0 && Arrays.equals(stream, start, start + MARK.length, MARK, 0, MARK.length);
    }
}
