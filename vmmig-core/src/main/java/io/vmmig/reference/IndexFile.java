// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.page.PageSource;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The file that the pages of some content are found by. */
final class IndexFile {
    /** What the names of unfinished ones begin with. */
    static final String BUILDING = ".building-";

    private static final Logger LOG = LoggerFactory.getLogger(IndexFile.class);
    private static final int CHUNK_BYTES = 1 << 20;

    private IndexFile() {}

    /**
     * Builds the index, unless it is there and intact.
     *
     * @param name what is indexed; an index is only ever opened as the same
     * @throws InterruptedIOException if the thread is interrupted
     */
    static void ensure(Path path, String name, PageContent content) throws IOException {
        if (!isThere(path, name, IndexedPages.pagesOf(content))) {
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
        long pages = IndexedPages.pagesOf(content);
        if (pages > IndexLayout.MAX_PAGES) {
            throw new IOException("content of more than " + IndexLayout.MAX_PAGES + " pages cannot be indexed");
        }
        long begun = System.nanoTime();
        byte[] chunk = new byte[CHUNK_BYTES];
        try (PageIndexBuilder index = PageIndexBuilder.begin(path, BUILDING, name, pages)) {
            for (long page = nextPage(content, 0); page < pages; ) {
                if (Thread.currentThread().isInterrupted()) {
                    throw new InterruptedIOException("the reference store was closed");
                }
                long end = IndexedPages.pagesUpTo(content.endOfData(page * PageSource.PAGE_BYTES));
                int count = (int) Math.min(CHUNK_BYTES / PageSource.PAGE_BYTES, end - page);
                content.read(page * PageSource.PAGE_BYTES, chunk, 0, count * PageSource.PAGE_BYTES);
                for (int i = 0; i < count; i++) {
                    index.add(chunk, i * PageSource.PAGE_BYTES, page + i);
                }
                page = nextPage(content, page + count);
            }
            index.finish();
        }
        LOG.info("built the index {} in {} ms", path, (System.nanoTime() - begun) / 1_000_000);
    }

    private static long nextPage(PageContent content, long page) throws IOException {
        long data = content.nextData(page * PageSource.PAGE_BYTES);
        return data >= content.bytes() ? Long.MAX_VALUE : data / PageSource.PAGE_BYTES;
    }
}
