// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The pages that the kernel of a suspended guest counts as free, whose content nobody needs. Either they are known for certain,
 * or there is a {@link #reason()} why not and none counts as free. Thread-safe.
 */
public final class FreePages {
    private final @Nullable FreeBlocks blocks;
    private final @Nullable String reason;
    private final Duration took;
    private final AtomicLong leftOut = new AtomicLong();

    private FreePages(@Nullable FreeBlocks blocks, @Nullable String reason, Duration took) {
        this.blocks = blocks;
        this.reason = reason;
        this.took = took;
    }

    static FreePages of(FreeBlocks blocks, Duration took) {
        return new FreePages(blocks, null, took);
    }

    /**
     * All pages must be sent.
     *
     * @param reason why, so that it completes "all pages are sent: …"
     */
    public static FreePages unknown(String reason) {
        return new FreePages(null, reason, Duration.ZERO);
    }

    /** Why no page is known to be free; empty when they are known. */
    public Optional<String> reason() {
        return Optional.ofNullable(reason);
    }

    /** How many pages are free, whatever their content. */
    public long count() {
        return blocks == null ? 0 : blocks.count();
    }

    /** How long the guest was paused for this. */
    public Duration took() {
        return took;
    }

    /** Whether a page of a RAM block is free; {@code address} is its offset in the block, in bytes. */
    public boolean isFree(String block, long address) {
        return blocks != null && blocks.holds(block, address);
    }

    /**
     * The migration stream of the same guest, with free pages replaced by zero pages. The guest must not have run since, unless the stream is
     * only a reference for a later one. Unknown data passes unchanged. Closing it closes {@code stream}.
     */
    public InputStream strip(InputStream stream) {
        return blocks == null ? stream : new StrippedStream(stream, this, leftOut);
    }

    /** How many non-zero pages {@link #strip} has dropped so far. */
    public long leftOut() {
        return leftOut.get();
    }
}
