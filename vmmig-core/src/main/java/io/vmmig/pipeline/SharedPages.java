// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.Manifest;
import io.vmmig.error.CancelledException;
import io.vmmig.error.IncompatibleException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.page.PageSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The references of a package that one end holds. Closes the pages that it has opened. Not thread-safe. */
final class SharedPages implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SharedPages.class);

    private final Map<Manifest.Reference, Work<Optional<PageSource>>> openers = new LinkedHashMap<>();
    private final Map<Manifest.Reference, PageSource> opened = new HashMap<>();

    /** Adds a reference, unless it was added before; {@code opener} opens its pages, if they are available after all. */
    void add(Manifest.Reference reference, Work<Optional<PageSource>> opener) {
        openers.putIfAbsent(reference, opener);
    }

    /** Adds a reference with open pages, which this object closes. */
    void add(Manifest.Reference reference, PageSource pages) {
        openers.put(reference, () -> Optional.of(pages));
        opened.put(reference, pages);
    }

    /** All references, in the best order for looking up pages. */
    List<Manifest.Reference> all() {
        return List.copyOf(openers.keySet());
    }

    /**
     * Opens the references that the other end holds as well, but only the latest of the earlier packages. One that cannot be opened is left
     * out, which makes the package larger.
     *
     * @return in the best order for looking up pages
     * @throws CancelledException if the migration is cancelled meanwhile
     */
    List<Manifest.Reference> openAmong(Set<Manifest.Reference> others) throws CancelledException {
        List<Manifest.Reference> shared = new ArrayList<>();
        boolean upon = false;
        for (Manifest.Reference reference : openers.keySet()) {
            boolean earlier = reference.kind() == Manifest.Reference.Kind.PACKAGE;
            if (others.contains(reference) && !(earlier && upon) && opens(reference)) {
                shared.add(reference);
                upon |= earlier;
            }
        }
        return shared;
    }

    private boolean opens(Manifest.Reference reference) throws CancelledException {
        try {
            Optional<PageSource> pages = find(reference);
            pages.ifPresent(source -> opened.put(reference, source));
            if (pages.isEmpty()) {
                LOG.info("{} is not used as a reference, so the package will be larger", words(reference));
            }
            return pages.isPresent();
        } catch (CancelledException e) {
            throw e;
        } catch (VmmigException e) {
            LOG.warn(
                    "{} cannot be used as a reference, so the package will be larger: {}",
                    words(reference),
                    e.getMessage());
            return false;
        }
    }

    /** The pages of a reference; empty if this end does not hold it. */
    private Optional<PageSource> find(Manifest.Reference reference) throws VmmigException {
        Work<Optional<PageSource>> opener = openers.get(reference);
        return opener == null ? Optional.empty() : opener.run();
    }

    /** Opens the pages of these references; this object closes them. */
    List<PageSource> of(List<Manifest.Reference> references) throws VmmigException {
        List<PageSource> sources = new ArrayList<>();
        for (Manifest.Reference reference : references) {
            PageSource source = opened.get(reference);
            if (source == null) {
                source = find(reference).orElseThrow(() -> missing(reference));
                opened.put(reference, source);
            }
            sources.add(source);
        }
        return sources;
    }

    private static IncompatibleException missing(Manifest.Reference reference) {
        return new IncompatibleException(
                Problem.REFERENCE_MISSING,
                "the package can only be unpacked together with " + words(reference)
                        + ", which the destination does not hold",
                "Bring that to the destination as well, or make a package that is complete in itself.");
    }

    private static String words(Manifest.Reference reference) {
        String what =
                switch (reference.kind()) {
                    case RAW, QCOW2 -> "the " + reference.kind().word() + " image ";
                    case BOOT, BOOT_2 -> "the kernel or ramdisk ";
                    case PACKAGE -> "the earlier package with the seal ";
                };
        return what + reference.digest();
    }

    @Override
    public void close() {
        opened.values().forEach(PageSource::close);
    }
}
