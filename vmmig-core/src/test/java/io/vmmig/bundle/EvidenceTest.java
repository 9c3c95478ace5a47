// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.bundle.Packages.Contents;
import io.vmmig.content.Digest;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is known of a package before anything in it is decoded. */
class EvidenceTest {
    private static final List<String> SIGNATURES = List.of("first.of.all", "second");
    private static final Set<Problem> REFUSALS = EnumSet.of(
            Problem.DIGEST_MISMATCH,
            Problem.PACKAGE_MALFORMED,
            Problem.PACKAGE_TRUNCATED,
            Problem.PACKAGE_TOO_NEW,
            Problem.PACKAGE_LIMIT_EXCEEDED);

    private byte[] bytes = new byte[0];
    private Digest signed = new Digest("0".repeat(64));

    @BeforeEach
    void write() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Contents small = Packages.small();
        try (PackageWriter writer = PackageWriter.to(out, small.manifest())) {
            Packages.writeContents(small, writer);
            writer.finish(contents -> {
                signed = contents;
                return SIGNATURES;
            });
        }
        bytes = out.toByteArray();
    }

    private static PackageReader.Evidence read(byte[] bytes) throws VmmigException {
        return PackageReader.readEvidence(new ByteArrayInputStream(bytes), PackageLimits.DEFAULT);
    }

    @Test
    void signaturesAreOfTheContents() throws Exception {
        PackageReader.Evidence evidence = read(bytes);

        assertThat(evidence.manifest()).isEqualTo(Packages.small().manifest());
        assertThat(evidence.contentsDigest()).isEqualTo(signed);
        assertThat(evidence.signatures()).isEqualTo(SIGNATURES);
        try (PackageReader reader = PackageReader.from(new ByteArrayInputStream(bytes), PackageLimits.DEFAULT)) {
            PackageSummary summary = Packages.drain(reader);
            assertThat(summary.contentsDigest()).isEqualTo(signed);
            assertThat(summary.signatures()).isEqualTo(SIGNATURES);
        }
    }

    /** In the seal, a flipped bit may be in a signature or a space, which is for others to judge. */
    @Test
    void whatIsStoredIsWhatWasSealed() {
        int seal = lastHeader("seal.json");
        Random random = new Random(1);
        for (int i = 0; i < 700; i++) {
            byte[] changed = bytes.clone();
            int at = random.nextInt(seal);
            changed[at] ^= (byte) (1 << random.nextInt(8));
            VmmigException refusal = catchThrowableOfType(VmmigException.class, () -> read(changed));
            assertThat(refusal).as("a bit of byte %d", at).isNotNull();
            assertThat(refusal.problem()).as("a bit of byte %d", at).isIn(REFUSALS);
        }
    }

    @Test
    void cutsAndAdditionsAreRefused() {
        Random random = new Random(2);
        for (int i = 0; i < 300; i++) {
            byte[] cut = Arrays.copyOf(bytes, random.nextInt(bytes.length));
            VmmigException refusal = catchThrowableOfType(VmmigException.class, () -> read(cut));
            assertThat(refusal).as("cut at %d", cut.length).isNotNull();
            assertThat(refusal.problem()).isIn(REFUSALS);
        }
        byte[] longer = Arrays.copyOf(bytes, bytes.length + 1);
        assertThat(catchThrowableOfType(VmmigException.class, () -> read(longer))
                        .problem())
                .isEqualTo(Problem.PACKAGE_MALFORMED);
    }

    @Test
    void entriesThatAreSwappedAreRefused() {
        byte[] swapped = bytes.clone();
        int xml = lastHeader("libvirt.xml");
        int cookie = lastHeader("libvirt-cookie.xml");
        int end = lastHeader("disks/vda.0.qcow2/000000");
        System.arraycopy(bytes, cookie, swapped, xml, end - cookie);
        System.arraycopy(bytes, xml, swapped, xml + end - cookie, cookie - xml);

        assertThat(catchThrowableOfType(VmmigException.class, () -> read(swapped))
                        .problem())
                .isEqualTo(Problem.PACKAGE_MALFORMED);
    }

    private int lastHeader(String name) {
        byte[] wanted = (name + "\0").getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        for (int at = bytes.length - 512; at >= 0; at -= 512) {
            if (Arrays.equals(bytes, at, at + wanted.length, wanted, 0, wanted.length)) {
                return at;
            }
        }
        throw new AssertionError(name);
    }
}
