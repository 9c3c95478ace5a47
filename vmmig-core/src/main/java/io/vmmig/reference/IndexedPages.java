// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.page.PageSource;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Content with its index, which is opened at the first lookup; reading needs no index. */
final class IndexedPages implements PageSource {
    private static final Logger LOG = LoggerFactory.getLogger(IndexedPages.class);
    private static final long NONE = -1;

    private final PageContent content;
    private final Path indexFile;
    private final String name;
    private final Runnable onDamage;
    private final AtomicBoolean toldOfDamage = new AtomicBoolean();
    private boolean searched;
    private volatile @Nullable PageIndex index;

    /**
     * Pages of {@code content}.
     *
     * @param indexFile the path of the index, which need not exist
     * @param name the name with which the index was built
     * @param onDamage run once if the index turns out to be damaged
     */
    IndexedPages(PageContent content, Path indexFile, String name, Runnable onDamage) {
        this.content = content;
        this.indexFile = indexFile;
        this.name = name;
        this.onDamage = onDamage;
    }

    @Override
    public long pages() {
        return content.pages();
    }

    @Override
    public void read(long page, byte[] buffer, int offset) throws IOException {
        read(page, 1, buffer, offset);
    }

    @Override
    public void read(long page, int count, byte[] buffer, int offset) throws IOException {
        Objects.checkFromIndexSize(page, count, pages());
        content.read(page * PAGE_BYTES, buffer, offset, count * PAGE_BYTES);
    }

    @Override
    public long find(long hash, long near) {
        PageIndex opened = index;
        PageIndex open = opened == null ? search() : opened;
        if (open == null) {
            return NONE;
        }
        long page = open.find(hash, near);
        if (page == NONE && open.damaged() && toldOfDamage.compareAndSet(false, true)) {
            LOG.warn("the index {} is damaged", indexFile);
            onDamage.run();
        }
        return page;
    }

    private synchronized @Nullable PageIndex search() {
        if (!searched) {
            searched = true;
            try {
                index = PageIndex.open(indexFile, name, pages());
                Files.setLastModifiedTime(indexFile, FileTime.from(Instant.now()));
            } catch (NoSuchFileException e) {
                LOG.debug("there is no index {} yet", indexFile);
            } catch (ClosedByInterruptException e) {
                LOG.debug("the index {} is no longer needed", indexFile, e);
            } catch (IOException e) {
                LOG.warn("the index {} cannot be used", indexFile, e);
                if (toldOfDamage.compareAndSet(false, true)) {
                    onDamage.run();
                }
            }
        }
        return index;
    }

    @Override
    public synchronized void close() {
        searched = true;
        PageIndex open = index;
        index = null;
        if (open != null) {
            open.close();
        }
        try {
            content.close();
        } catch (IOException e) {
            LOG.debug("could not close what {} stands for", indexFile, e);
        }
    }
}
