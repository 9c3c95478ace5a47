// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.files.NewFile;
import io.vmmig.files.PrivateFiles;
import io.vmmig.page.PageHash;
import io.vmmig.snapshot.PageSegmenter;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.BitSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the file of a {@link PageIndex}, under a temporary name until it is finished. Takes a few mebibytes of heap for any number of
 * pages. For one thread.
 */
final class PageIndexBuilder implements Closeable {
    /** The prefix of unfinished files. */
    static final String BUILDING = ".building-";

    private static final Logger LOG = LoggerFactory.getLogger(PageIndexBuilder.class);
    private static final int CHUNK_BYTES = 1 << 20;
    private static final int WINDOW = IndexLayout.WINDOW_BYTES / Long.BYTES;
    private static final int WINDOW_BLOCKS = IndexLayout.WINDOW_BYTES / IndexLayout.BLOCK;

    private final Path target;
    private final String content;
    private final long pages;
    private final NewFile file;
    private final BitSet written = new BitSet();
    private final ByteBuffer window =
            ByteBuffer.allocate(IndexLayout.WINDOW_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final byte[] block = new byte[IndexLayout.BLOCK];
    private int windowIndex = -1;
    private long entries;

    private PageIndexBuilder(Path target, String content, long pages, NewFile file) {
        this.target = target;
        this.content = content;
        this.pages = pages;
        this.file = file;
    }

    /**
     * Builds the index, unless it exists and is intact.
     *
     * @param name the indexed content; an index can only be opened with the same name
     * @throws InterruptedIOException if the thread is interrupted
     */
    static void ensure(Path path, String name, PageContent content) throws IOException {
        if (!isThere(path, name, content.pages())) {
            build(path, name, content);
        }
    }

    private static boolean isThere(Path path, String name, long pages) {
        try {
            PageIndex.open(path, name, pages).close();
            return true;
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            LOG.info("the index {} is built again", path, e);
            return false;
        }
    }

    private static void build(Path path, String name, PageContent content) throws IOException {
        long pages = content.pages();
        if (pages > IndexLayout.MAX_PAGES) {
            throw new IOException("content of more than " + IndexLayout.MAX_PAGES + " pages cannot be indexed");
        }
        long begun = System.nanoTime();
        try (PageIndexBuilder index = begin(path, BUILDING, name, pages)) {
            content.visit((buffer, offset, page) -> {
                if (Thread.currentThread().isInterrupted()) {
                    throw new InterruptedIOException("the reference store was closed");
                }
                index.add(buffer, offset, page);
            });
            index.finish();
        }
        LOG.info("built the index {} in {} ms", path, (System.nanoTime() - begun) / 1_000_000);
    }

    /**
     * Begins an index.
     *
     * @param target the index file, which is replaced if it exists; unfinished files beside it begin with {@code temporary}
     * @param content the name of the indexed content, such as its digest and page layout; an index can only be opened with the same name
     * @param pages the number of pages, at most {@link IndexLayout#MAX_PAGES}
     */
    static PageIndexBuilder begin(Path target, String temporary, String content, long pages) throws IOException {
        IndexLayout layout = new IndexLayout(content, pages, IndexLayout.MAX_PROBES);
        NewFile file = NewFile.create(target.resolveSibling(PrivateFiles.unfinishedName(temporary)));
        return new PageIndexBuilder(target, layout.content(), layout.pages(), file);
    }

    /** Adds a page, unless it consists of one repeated byte, since such a page needs no reference. */
    void add(byte[] buffer, int offset, long page) throws IOException {
        if (!PageSegmenter.isFilled(buffer, offset)) {
            add(PageHash.of(buffer, offset), page);
        }
    }

    /** Adds a page; any order works, and ascending order is fastest. Of equal pages, the one with the lowest number is found. */
    void add(long hash, long page) throws IOException {
        if (page < 0 || page >= pages) {
            throw new IndexOutOfBoundsException("page " + page + " of " + pages);
        }
        int index = (int) (page / WINDOW);
        if (index != windowIndex) {
            flush();
            windowIndex = index;
            file.read(window.clear(), windowAt(index));
        }
        int at = (int) (page % WINDOW) * Long.BYTES;
        entries += (hash == 0 ? 0 : 1) - (window.getLong(at) == 0 ? 0 : 1);
        window.putLong(at, hash);
    }

    private void flush() throws IOException {
        if (windowIndex >= 0) {
            file.write(window.clear(), windowAt(windowIndex));
            written.set(windowIndex);
        }
    }

    private static long windowAt(int index) {
        return IndexLayout.BLOCK + (long) index * IndexLayout.WINDOW_BYTES;
    }

    /** Syncs the index to the disk, and renames it to its final name. */
    void finish() throws IOException {
        flush();
        IndexLayout layout = new IndexLayout(content, pages, IndexLayout.slotsFor(entries));
        Checksums checksums = new Checksums(layout);
        Mapped table = emptyTable(layout);
        try {
            fill(table, layout, checksums);
            for (long at = 0; at < table.bytes(); at += IndexLayout.BLOCK) {
                table.get(at, block);
                checksums.add(PageHash.of(block, 0));
            }
            table.force();
        } catch (InternalError e) {
            // This is how the JVM reports that a mapped file could not be written or read.
            throw new IOException("the index " + target + " could not be written", e);
        }
        long checksumsHash = checksums.finish();
        file.write(ByteBuffer.wrap(layout.header(checksumsHash)), 0);
        file.finishAs(target);
    }

    private Mapped emptyTable(IndexLayout layout) throws IOException {
        long from = layout.tableAt();
        long bytes = layout.checksumsAt() - from;
        for (long at = 0; at < bytes; at += CHUNK_BYTES) {
            file.write(ByteBuffer.allocate((int) Math.min(CHUNK_BYTES, bytes - at)), from + at);
        }
        return Mapped.of(bytes, (at, length) -> file.map(from + at, length));
    }

    private void fill(Mapped table, IndexLayout layout, Checksums checksums) throws IOException {
        long windows = (layout.tableAt() - layout.hashesAt()) / IndexLayout.WINDOW_BYTES;
        long emptyBlock = PageHash.of(new byte[IndexLayout.BLOCK], 0);
        LongBuffer hashes = window.clear().asLongBuffer();
        for (int index = 0; index < windows; index++) {
            if (!written.get(index)) {
                for (int i = 0; i < WINDOW_BLOCKS; i++) {
                    checksums.add(emptyBlock);
                }
                continue;
            }
            file.read(window.clear(), windowAt(index));
            for (int i = 0; i < WINDOW_BLOCKS; i++) {
                checksums.add(PageHash.of(window.array(), i * IndexLayout.BLOCK));
            }
            for (int i = 0; i < WINDOW; i++) {
                long hash = hashes.get(i);
                if (hash != 0) {
                    put(table, layout.slotOf(hash), hash, (long) index * WINDOW + i);
                }
            }
        }
    }

    private static void put(Mapped table, long first, long hash, long page) {
        for (long at = first * Long.BYTES; at < (first + IndexLayout.MAX_PROBES) * Long.BYTES; at += Long.BYTES) {
            long entry = table.getLong(at);
            if (entry == 0) {
                table.putLong(at, IndexLayout.entry(hash, page));
                return;
            }
            if (IndexLayout.fits(entry, hash)) {
                return;
            }
        }
    }

    /** Writes the hash of one block after the other. */
    private final class Checksums {
        private final ByteBuffer pending =
                ByteBuffer.allocate(IndexLayout.BLOCK).order(ByteOrder.LITTLE_ENDIAN);
        private long at;
        private long chained;

        Checksums(IndexLayout layout) {
            this.at = layout.checksumsAt();
        }

        void add(long checksum) throws IOException {
            pending.putLong(checksum);
            if (!pending.hasRemaining()) {
                write();
            }
        }

        private void write() throws IOException {
            chained = IndexLayout.chained(chained, pending.array(), 0);
            file.write(pending.clear(), at);
            pending.clear();
            at += IndexLayout.BLOCK;
        }

        long finish() throws IOException {
            if (pending.position() > 0) {
                while (pending.hasRemaining()) {
                    pending.putLong(0);
                }
                write();
            }
            return chained;
        }
    }

    /** Closes the file, and deletes it unless it was finished. */
    @Override
    public void close() throws IOException {
        file.close();
    }
}
