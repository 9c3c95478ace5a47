// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.content.Digest;
import io.vmmig.error.IntegrityException;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.reference.BaseImage;
import io.vmmig.reference.ImageStore;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Base images, kernels and ramdisks at an HTTP server, by their digest: {@code sha256-HEX.qcow2} and {@code sha256-HEX.raw}, each
 * in parts of 8 MiB. An interrupted transfer resumes, also in another run of the program. An interrupt of the thread ends a transfer.
 *
 * <pre>{@code
 * HttpImages images = HttpImages.at(URI.create("https://packages.example.com/images"));
 * images.push(digest, store);
 * BaseImage image = images.pull(digest, ImageFormat.QCOW2, otherStore);
 * }</pre>
 *
 * <p>Base images are not sealed. Immutable and thread-safe.
 */
public final class HttpImages {
    private static final int PART_BYTES = 8 << 20;
    private static final String SPOOL = "incoming";

    private final String name;
    private final ObjectUrlResolver places;
    private final HttpAccess access;
    private final int partBytes;

    private HttpImages(String name, ObjectUrlResolver places, HttpAccess access, int partBytes) {
        this.name = name;
        this.places = places;
        this.access = access;
        this.partBytes = partBytes;
    }

    /**
     * The images below that address.
     *
     * @throws VmmigException as {@link HttpPackage#at}
     */
    public static HttpImages at(URI place) throws VmmigException {
        return of(Addresses.name(place), Addresses.below(place));
    }

    /**
     * Images whose objects are where {@code places} says.
     *
     * @param name their name in logs and reports, without secrets
     * @param places resolves names of objects, which begin with the image's name and a slash
     */
    public static HttpImages of(String name, ObjectUrlResolver places) {
        return new HttpImages(name, places, HttpAccess.standard(), PART_BYTES);
    }

    /** Sets how the server is reached. */
    public HttpImages over(HttpAccess way) {
        return new HttpImages(name, places, way, partBytes);
    }

    /** For tests, which need small parts. */
    HttpImages partBytes(int bytes) {
        return new HttpImages(name, places, access, bytes);
    }

    private record Remote(String name, ObjectUrlResolver places) {}

    private Remote remote(Digest digest, ImageFormat format) {
        String image = "sha256-" + digest.hex() + "." + format.word();
        return new Remote(name + "/" + image, (method, object) -> places.of(method, image + "/" + object));
    }

    /**
     * Sends an image of the store, unless the server has it. A part that the server has with the right size is not sent again.
     *
     * @throws VmmigException also with {@link Problem#BASE_IMAGE_MISSING} or {@link Problem#BASE_IMAGE_DAMAGED}
     */
    public void push(Digest digest, ImageStore store) throws VmmigException {
        BaseImage image = store.verified(digest);
        Remote remote = remote(digest, image.format());
        try (RetryingHttpClient client = RetryingHttpClient.to(remote.places(), access, remote.name())) {
            Optional<byte[]> there = client.get(PartIndex.NAME, PartIndex.MAX_BYTES);
            if (there.isPresent()) {
                requireOf(digest, PartIndex.parse(there.get()), remote);
                return;
            }
            byte[] index = send(image, client).toBytes();
            client.put(PartIndex.NAME, index, index.length, true, new Delivery());
        }
    }

    private PartIndex send(BaseImage image, RetryingHttpClient client) throws VmmigException {
        PartUpload upload = new PartUpload(client, image.digest().hex(), partBytes, access.parallelism(), true);
        boolean whole = false;
        try (InputStream content = Files.newInputStream(image.path())) {
            content.transferTo(upload);
            PartIndex index = upload.finish(null);
            whole = true;
            return index;
        } catch (IOException e) {
            throw VmmigException.from(
                    e, Problem.FILE_FAILED, "the image " + image.path() + " could not be sent", "Try again.");
        } finally {
            if (!whole) {
                client.close();
            }
            upload.close();
        }
    }

    /**
     * Fetches an image of up to 512 GiB into the store, unless that has it. Twice its size has to be free.
     *
     * @param format its format, from the manifest of a package; it is looked for and added in that format only
     * @throws VmmigException also with {@link Problem#DIGEST_MISMATCH} when its content has another digest, with
     *     {@link Problem#FILE_FAILED} when the server does not have it
     */
    public BaseImage pull(Digest digest, ImageFormat format, ImageStore store) throws VmmigException {
        Optional<BaseImage> held = store.intact(digest).filter(image -> image.format() == format);
        if (held.isPresent()) {
            return held.get();
        }
        Remote remote = remote(digest, format);
        Path spools = store.directory().resolve(SPOOL);
        try (RetryingHttpClient client = RetryingHttpClient.to(remote.places(), access, remote.name())) {
            PartIndex index = PartDownload.index(client, remote.name(), HttpPackage.MOST_BYTES);
            requireOf(digest, index, remote);
            try (Spool spool = Spool.open(spools, index)) {
                fetch(index, client, spool, content -> store.add(content, format, digest));
                spool.discard();
            } catch (IOException e) {
                throw VmmigException.from(
                        e, Problem.FILE_FAILED, "the image " + remote.name() + " could not be fetched", "Try again.");
            }
        }
        return store.verified(digest, format);
    }

    private interface Taker {
        void take(InputStream content) throws VmmigException;
    }

    private void fetch(PartIndex index, RetryingHttpClient client, Spool spool, Taker taker)
            throws IOException, VmmigException {
        PartDownload download = PartDownload.begin(client, index, spool, access.parallelism());
        try (InputStream content = download.open()) {
            taker.take(content);
        } catch (IntegrityException | PackageFormatException e) {
            spool.discard();
            throw e;
        } finally {
            client.close();
            download.close();
        }
    }

    private static void requireOf(Digest digest, PartIndex index, Remote remote) throws PackageFormatException {
        if (!index.id().equals(digest.hex())) {
            throw new PackageFormatException(
                    Problem.PACKAGE_MALFORMED,
                    "the index at " + remote.name() + " is that of another image",
                    "Remove it there, and push the image again.");
        }
    }
}
