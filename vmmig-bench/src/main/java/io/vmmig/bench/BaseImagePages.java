// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench;

import io.vmmig.bundle.Manifest;
import io.vmmig.content.Digest;
import io.vmmig.error.VmmigException;
import io.vmmig.page.PageSource;
import io.vmmig.reference.ImageStore;
import io.vmmig.reference.PageLayout;
import io.vmmig.reference.ReferenceStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletionException;

/**
 * The pages of a qcow2 base image, indexed.
 *
 * @param store where the index lies
 * @param reference what a package calls the image
 * @param pages its pages, to be looked up
 */
public record BaseImagePages(ReferenceStore store, Manifest.Reference reference, PageSource pages)
        implements AutoCloseable {
    /** Opens the image's pages, with an index in the directory, which is built if it is not there. */
    public static BaseImagePages of(Path image, Path directory) throws IOException, VmmigException {
        ImageStore images = ImageStore.at(directory);
        ReferenceStore store = images.references();
        Digest digest = images.digestOf(image);
        try {
            store.prepare(image, PageLayout.QCOW2, digest).toCompletableFuture().join();
        } catch (CompletionException e) {
            throw new IOException("the index of " + image + " could not be built", e);
        }
        return new BaseImagePages(
                store,
                new Manifest.Reference(Manifest.Reference.Kind.QCOW2, digest),
                store.of(image, PageLayout.QCOW2, digest));
    }

    @Override
    public void close() {
        pages.close();
        store.close();
    }
}
