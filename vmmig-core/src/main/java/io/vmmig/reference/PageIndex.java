// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.page.PageHash;
import io.vmmig.page.PageSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/**
 * Finds pages by their hash, in a memory-mapped file; takes one bit of heap for each 4 KiB of it. Thread-safe.
 *
 * <p>Each block is verified on its first use. After damage was found, the index finds nothing any more. A damaged index does no harm, since
 * callers compare each page that is found before they use it.
 */
final class PageIndex {
    private static final long NONE = -1;

    private final IndexLayout layout;
    private final AtomicLongArray verified;
    private volatile @Nullable Mapped file;
    private volatile boolean damaged;

    private PageIndex(IndexLayout layout, Mapped file) {
        this.layout = layout;
        this.file = file;
        this.verified = new AtomicLongArray(Math.toIntExact(layout.blocks() / Long.SIZE + 1));
    }

    /**
     * Opens an index that a {@link PageIndexBuilder} has finished.
     *
     * @param content as passed to {@link PageIndexBuilder#begin}
     * @param pages as passed to {@link PageIndexBuilder#begin}
     * @throws java.nio.file.NoSuchFileException if there is none
     * @throws IOException if it is truncated, its header or checksums are damaged, or it is of another version or for other content
     */
    static PageIndex open(Path path, String content, long pages) throws IOException {
        Mapped file = Mapped.of(path);
        try {
            return open(file, content, pages);
        } catch (InternalError e) {
            // So the JVM reports that memory which stands for a file could not be read.
            throw new IOException("it cannot be read", e);
        }
    }

    private static PageIndex open(Mapped file, String content, long pages) throws IOException {
        byte[] block = new byte[IndexLayout.BLOCK];
        if (file.bytes() < IndexLayout.BLOCK) {
            throw new IOException("it is truncated");
        }
        file.get(0, block);
        IndexLayout layout = IndexLayout.read(block, content, pages);
        if (file.bytes() != layout.fileBytes()) {
            throw new IOException("it is truncated");
        }
        long expected = IndexLayout.checksumsHash(block);
        long checksumsHash = 0;
        for (long at = layout.checksumsAt(); at < layout.fileBytes(); at += IndexLayout.BLOCK) {
            file.get(at, block);
            checksumsHash = IndexLayout.chained(checksumsHash, block, 0);
        }
        if (checksumsHash != expected) {
            throw new IOException("its checksums are damaged");
        }
        return new PageIndex(layout, file);
    }

    /** As {@link PageSource#find}. */
    long find(long hash, long near) {
        Mapped open = file;
        if (open == null || damaged || hash == 0) {
            return NONE;
        }
        try {
            return near >= 0 && near < layout.pages() && get(open, layout.hashesAt() + near * Long.BYTES) == hash
                    ? near
                    : lookUp(open, hash);
        } catch (DamagedException | InternalError e) {
            // The JVM reports with an InternalError that memory which stands for a file could not be read.
            damaged = true;
            return NONE;
        }
    }

    private long lookUp(Mapped open, long hash) throws DamagedException {
        long first = layout.tableAt() + layout.slotOf(hash) * Long.BYTES;
        for (long at = first; at < first + IndexLayout.MAX_PROBES * Long.BYTES; at += Long.BYTES) {
            long entry = get(open, at);
            if (entry == 0) {
                return NONE;
            }
            if (IndexLayout.fits(entry, hash)) {
                long page = IndexLayout.pageOf(entry);
                return page < layout.pages() ? page : NONE;
            }
        }
        return NONE;
    }

    private long get(Mapped open, long at) throws DamagedException {
        long block = at / IndexLayout.BLOCK - 1;
        if ((verified.getOpaque((int) (block / Long.SIZE)) >>> block & 1) == 0) {
            verify(open, block);
        }
        return open.getLong(at);
    }

    private void verify(Mapped open, long block) throws DamagedException {
        byte[] bytes = new byte[IndexLayout.BLOCK];
        open.get((block + 1) * IndexLayout.BLOCK, bytes);
        if (PageHash.of(bytes, 0) != open.getLong(layout.checksumsAt() + block * Long.BYTES)) {
            throw new DamagedException();
        }
        verified.getAndAccumulate((int) (block / Long.SIZE), 1L << block, (before, bit) -> before | bit);
    }

    /** Whether damage was found. */
    boolean damaged() {
        return damaged;
    }

    /** Verifies all of it. */
    boolean isIntact() {
        Mapped open = file;
        try {
            for (long block = 0; open != null && !damaged && block < layout.blocks(); block++) {
                verify(open, block);
            }
        } catch (DamagedException | InternalError e) {
            damaged = true;
        }
        return !damaged;
    }

    /** Releases the file; nothing is found afterwards. */
    void close() {
        file = null;
    }

    private static final class DamagedException extends Exception {
        private static final long serialVersionUID = 1;
    }
}
