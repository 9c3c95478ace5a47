// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.content.Digest;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.reference.ImageStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Tag("once")
@Timeout(60)
class HttpImagesTest {
    private static final int BYTES = (1 << 20) + 1000;
    /** Heads of requests and answers, and an index that is read twice. */
    private static final long HEADS = Web.PART / 2;

    @TempDir
    Path temp;

    private Web web;
    private ImageStore here;
    private ImageStore there;
    private Digest digest;
    private byte[] content;
    private HttpImages images;

    @BeforeEach
    void start() throws Exception {
        web = new Web(temp.resolve("server"));
        here = ImageStore.at(temp.resolve("here"));
        there = ImageStore.at(temp.resolve("there"));
        content = new byte[BYTES];
        new Random(5).nextBytes(content);
        digest = here.add(Files.write(temp.resolve("image"), content), ImageFormat.RAW);
        images = HttpImages.at(web.place("").resolve("."))
                .over(Web.access(20_000))
                .partBytes(Web.PART);
    }

    @AfterEach
    void stop() throws Exception {
        here.references().close();
        there.references().close();
        web.close();
    }

    @Test
    void anImageGoesThereAndComesBack() throws Exception {
        images.push(digest, here);
        long sent = web.proxy.up.get();
        images.push(digest, here);
        assertThat(web.proxy.up.get() - sent).isLessThan(1000);

        assertThat(images.pull(digest, ImageFormat.RAW, there).path()).hasBinaryContent(content);
        assertThat(there.directory().resolve("incoming")).isEmptyDirectory();
        long fetched = web.proxy.down.get();
        images.pull(digest, ImageFormat.RAW, there);
        assertThat(web.proxy.down.get()).isEqualTo(fetched);
    }

    @Test
    void anImageIsFetchedAlthoughAFileOfItsContentWasRememberedThatHasChanged() throws Exception {
        images.push(digest, here);
        Path file = Files.write(temp.resolve("remembered"), content);
        there.remember(file, ImageFormat.RAW);
        Files.write(file, new byte[BYTES]);
        assertThat(images.pull(digest, ImageFormat.RAW, there).path()).hasBinaryContent(content);
    }

    @Test
    void whatWasBegunIsGoneOnWith() throws Exception {
        HttpImages hasty = images.over(Web.access(300));
        web.proxy.cutUpAfter(BYTES / 2, web::stop);
        assertThatThrownBy(() -> hasty.push(digest, here)).isInstanceOf(VmmigException.class);
        web.startAgain();
        images.push(digest, here);
        assertThat(web.proxy.up.get()).isLessThan(BYTES + 2L * Web.PART + HEADS);

        long before = web.proxy.down.get();
        web.proxy.cutDownAfter(BYTES / 2, web::stop);
        assertThatThrownBy(() -> hasty.pull(digest, ImageFormat.RAW, there)).isInstanceOf(VmmigException.class);
        assertThat(there.list()).isEmpty();
        web.startAgain();
        assertThat(images.pull(digest, ImageFormat.RAW, there).path()).hasBinaryContent(content);
        assertThat(web.proxy.down.get() - before).isLessThan(BYTES + HEADS);
    }

    @Test
    void anImageThatIsAnotherIsNotTaken() throws Exception {
        images.push(digest, here);
        Digest other = here.add(Files.write(temp.resolve("image"), new byte[1000]), ImageFormat.RAW);
        Path pushed = web.directory.resolve("sha256-" + digest.hex() + ".raw");
        Files.move(pushed, web.directory.resolve("sha256-" + other.hex() + ".raw"));

        assertThatThrownBy(() -> images.pull(other, ImageFormat.RAW, there))
                .satisfies(e -> assertProblem(e, Problem.PACKAGE_MALFORMED));
        assertThatThrownBy(() -> images.pull(digest, ImageFormat.RAW, there))
                .satisfies(e -> assertProblem(e, Problem.FILE_FAILED));
        assertThatThrownBy(() -> there.add(Files.newInputStream(temp.resolve("image")), ImageFormat.RAW, digest))
                .satisfies(e -> assertProblem(e, Problem.DIGEST_MISMATCH));
        assertThat(there.list()).isEmpty();
    }
}
