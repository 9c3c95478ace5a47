// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.content.Digest;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.Problem;
import io.vmmig.reference.ImageStore;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.PackageUpload;
import io.vmmig.transport.StoredPackage;
import io.vmmig.transport.testing.Packages;
import io.vmmig.transport.testing.Samples;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** nginx as a server of packages, killed and started again in the middle. */
@Timeout(120)
class NginxIT {
    private static final int DISK_BYTES = 16 << 20;
    private static final int PART = 1 << 20;
    private static final int AT_ONCE = 2;
    private static final int HEADS = 64 << 10;

    @TempDir
    Path temp;

    private HostIdentity identity;
    private Nginx nginx;
    private CuttingProxy proxy;
    private HttpPackage there;

    @BeforeEach
    void start() throws Exception {
        identity = HostIdentity.in(temp.resolve("identity"));
        nginx = new Nginx(temp.resolve("nginx"));
        proxy = new CuttingProxy(nginx.port);
        there = HttpPackage.at(URI.create("http://127.0.0.1:" + proxy.port() + "/packages/web-1"))
                .over(HttpAccess.standard().allowingPlainHttp().parallelism(AT_ONCE))
                .sealedFor(identity.keys())
                .openedBy(identity)
                .partBytes(PART)
                .spooledIn(temp.resolve("spool"));
    }

    @AfterEach
    void stop() throws Exception {
        proxy.close();
        nginx.close();
    }

    private void restart() {
        nginx.kill();
        try {
            nginx.start();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void nothingThatHasArrivedIsSentAgain() throws Exception {
        proxy.cutUpAfter(DISK_BYTES / 2, this::restart);
        PackageSummary sent;
        HandOverJournal journal = HandOverJournal.inMemory();
        try (PackageUpload upload = there.put()) {
            upload.begin(Samples.manifest());
            sent = Packages.write(upload.packageStream(), Samples.offer(), DISK_BYTES);
            upload.finish();
            upload.publish(journal);
        }
        assertThat(proxy.hasCut()).isTrue();
        long parts = Files.list(nginx.root.resolve("packages/web-1")).count() - 1;
        assertThat(parts).isGreaterThanOrEqualTo(DISK_BYTES / PART);
        // What was under way in that moment is sent again: in the log, if all of it had arrived and only the answer had
        // not.
        assertThat(proxy.up.get()).isLessThan((parts + AT_ONCE) * PART + HEADS);
        assertThat(nginx.log("\"PUT ").stream().filter(line -> line.contains(" 201 ") || line.contains(" 204 ")))
                .hasSizeBetween((int) parts + 1, (int) parts + 1 + AT_ONCE);

        long before = proxy.down.get();
        proxy.cutDownAfter(DISK_BYTES / 2 + PART / 3, this::restart);
        try (StoredPackage stored = there.open()) {
            assertThat(Packages.offer(stored.packageStream())).isEqualTo(Samples.offer());
            assertThat(Packages.read(stored.packageStream())).isEqualTo(sent);
            stored.taken();
        }
        assertThat(proxy.hasCut()).isTrue();
        assertThat(nginx.log(" 206 ")).as("went on in the middle of a part").isNotEmpty();
        assertThat(proxy.down.get() - before).isLessThan(parts * PART + PART / 2);
        assertThat(temp.resolve("spool")).isEmptyDirectory();
        assertThat(there.outcomeOf(Samples.manifest().packageId(), journal)).isEqualTo(Outcome.TAKEN);
    }

    @Test
    void whatIsNotHandedOverIsRemoved() throws Exception {
        try (PackageUpload upload = there.put()) {
            upload.begin(Samples.manifest());
            Packages.write(upload.packageStream(), Samples.offer(), 4 * PART);
            upload.finish();
            assertThat(nginx.root.resolve("packages/web-1")).isNotEmptyDirectory();
            assertThatThrownBy(there::open).satisfies(e -> assertProblem(e, Problem.FILE_FAILED));
        }
        assertThat(nginx.root.resolve("packages/web-1")).isEmptyDirectory();
    }

    @Test
    void anImageIsPushedAndPulled() throws Exception {
        ImageStore here = ImageStore.at(temp.resolve("here"));
        ImageStore other = ImageStore.at(temp.resolve("other"));
        byte[] content = new byte[20 << 20];
        new Random(6).nextBytes(content);
        Digest digest = here.add(Files.write(temp.resolve("image"), content), ImageFormat.RAW);
        HttpImages images = HttpImages.at(URI.create("http://127.0.0.1:" + proxy.port() + "/images"))
                .over(HttpAccess.standard().allowingPlainHttp());
        proxy.cutUpAfter(content.length / 2, this::restart);
        images.push(digest, here);
        proxy.cutDownAfter(content.length / 2, this::restart);

        assertThat(images.pull(digest, ImageFormat.RAW, other).path()).hasBinaryContent(content);
        assertThat(proxy.hasCut()).isTrue();
        assertThat(proxy.down.get()).isLessThan(content.length + PART);
        here.references().close();
        other.references().close();
    }
}
