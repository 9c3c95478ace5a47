// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.bundle.Packages.Contents;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A package opened with nothing of vmmig, as {@code docs/package-format.md} says. */
class PackageByHandIT {
    @TempDir
    Path directory;

    @Test
    void theCommandsOfTheDocumentGiveTheContentsBack() throws Exception {
        Contents contents = Packages.small();
        contents.streams().put("snapshot", Packages.memory(13 << 20, 8));
        Files.write(directory.resolve("web-1.vmmig"), Packages.write(contents));
        try (InputStream decoder = PackageByHandIT.class.getResourceAsStream("pages.pl")) {
            Files.write(directory.resolve("pages.pl"), decoder.readAllBytes());
        }

        String said = run(commands());

        assertThat(said)
                .contains("-rw------- 0/0", "manifest.json", "snapshot/000003", "seal.json")
                .contains(new String(contents.manifest().toJson(), StandardCharsets.UTF_8));
        assertThat(directory.resolve("libvirt.xml")).hasContent(contents.xml());
        assertThat(directory.resolve("vmlinuz"))
                .hasBinaryContent(contents.streams().get("kernel"));
        assertThat(directory.resolve("vda.0.qcow2"))
                .hasBinaryContent(contents.streams().get("disks/vda.0.qcow2"));
        assertThat(directory.resolve("memory"))
                .hasBinaryContent(contents.streams().get("snapshot"));
        List<String> digests = said.lines()
                .filter(line -> line.matches("[0-9a-f]{64} .*"))
                .map(line -> line.substring(0, 64))
                .toList();
        assertThat(digests).hasSize(2).allSatisfy(digest -> assertThat(directory.resolve("seal.json"))
                .content()
                .contains("sha256:" + digest));
        for (Map.Entry<String, byte[]> content : contents.streams().entrySet()) {
            if (content.getKey().startsWith("disks/")) {
                run("cat " + content.getKey() + "/*.plain >content");
                assertThat(directory.resolve("content")).hasBinaryContent(content.getValue());
            }
        }
    }

    private static String commands() throws IOException {
        String text = Files.readString(Path.of("..", "docs", "package-format.md"));
        String section = text.substring(text.indexOf("## By hand"), text.indexOf("## The tar"));
        return section.substring(section.indexOf("```\n") + 4, section.lastIndexOf("```"));
    }

    private String run(String command) throws Exception {
        Process process = new ProcessBuilder("sh", "-euc", command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor())
                .as("%s (this test needs the commands tar, zstd and perl): %s", command, said)
                .isZero();
        return said;
    }
}
