// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The file with the page index of a content. */
final class IndexFile {
    /** The prefix of unfinished files. */
    static final String BUILDING = ".building-";

    private static final Logger LOG = LoggerFactory.getLogger(IndexFile.class);

    private IndexFile() {}

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
        try (PageIndexBuilder index = PageIndexBuilder.begin(path, BUILDING, name, pages)) {
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
}
