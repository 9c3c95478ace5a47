// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code age} and {@code age-keygen} write is what we read, and the other way round. */
class AgeCommandIT {
    @TempDir
    Path temp;

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 65535, 65536, 65537, 131072, 5_000_000})
    void ageOpensWhatWeSeal(int length) throws Exception {
        AgeIdentity identity = AgeIdentity.generate();
        Files.writeString(temp.resolve("key"), identity.secretText() + "\n");
        byte[] plain = AgeSealingTest.bytes(length);
        seal(plain, List.of(AgeIdentity.generate().recipient(), identity.recipient()));

        Commands.run(0, temp, "age", "--version");
        // With -o, age leaves out a file that would be empty.
        Commands.run(0, temp, "sh", "-c", "age -d -i key sealed > plain");

        assertThat(temp.resolve("plain")).hasBinaryContent(plain);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 65535, 65536, 65537, 131072, 5_000_000})
    void weOpenWhatAgeSeals(int length) throws Exception {
        AgeIdentity identity = AgeIdentity.generate();
        byte[] plain = AgeSealingTest.bytes(length);
        Files.write(temp.resolve("plain"), plain);

        Commands.run(
                0,
                temp,
                "age",
                "-r",
                AgeIdentity.generate().recipient().toString(),
                "-r",
                identity.recipient().toString(),
                "-o",
                "sealed",
                "plain");

        try (InputStream in = Files.newInputStream(temp.resolve("sealed"))) {
            assertThat(AgeSealing.open(in, Set.of(identity)).readAllBytes()).isEqualTo(plain);
        }
    }

    @Test
    void keysOfAgeKeygenAreOurs() throws Exception {
        Commands.run(0, temp, "age-keygen", "-o", "key");
        List<String> lines = Files.readAllLines(temp.resolve("key"));

        AgeIdentity identity = AgeIdentity.parse(lines.get(lines.size() - 1));

        assertThat(lines).contains("# public key: " + identity.recipient());
        Files.writeString(temp.resolve("ours"), AgeIdentity.generate().secretText() + "\n");
        assertThat(Commands.run(0, temp, "age-keygen", "-y", "ours").strip())
                .isEqualTo(
                        AgeIdentity.parse(Files.readString(temp.resolve("ours")).strip())
                                .recipient()
                                .toString());
    }

    @Test
    void ageRefusesWhatWasClosedWithoutAnEnd() throws Exception {
        AgeIdentity identity = AgeIdentity.generate();
        Files.writeString(temp.resolve("key"), identity.secretText() + "\n");
        try (OutputStream file = Files.newOutputStream(temp.resolve("sealed"));
                SealingOutputStream out = AgeSealing.seal(file, Set.of(identity.recipient()))) {
            out.write(new byte[200_000]);
        }

        assertThat(Commands.run(1, temp, "age", "-d", "-i", "key", "-o", "plain", "sealed"))
                .contains("unexpected EOF");
    }

    @Test
    void ageDoesNotOpenWhatIsForOthers() throws Exception {
        Files.writeString(temp.resolve("key"), AgeIdentity.generate().secretText() + "\n");
        seal(new byte[9], List.of(AgeIdentity.generate().recipient()));

        assertThat(Commands.run(1, temp, "age", "-d", "-i", "key", "sealed")).contains("no identity matched");
    }

    private void seal(byte[] plain, List<AgeRecipient> recipients) throws Exception {
        try (OutputStream file = Files.newOutputStream(temp.resolve("sealed"));
                SealingOutputStream out = AgeSealing.seal(file, recipients)) {
            out.write(plain);
            out.finish();
        }
    }
}
