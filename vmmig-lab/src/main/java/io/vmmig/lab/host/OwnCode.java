// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Programs that run their parent's code, whether it is on the module path or on the class path. */
final class OwnCode {
    private OwnCode() {}

    /** The command that starts such a program; append its arguments. */
    static List<String> launching(Class<?> program, List<String> jvmOptions) {
        List<String> words = new ArrayList<>();
        words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        words.addAll(jvmOptions);
        String modules = System.getProperty("jdk.module.path");
        words.addAll(
                modules != null
                        ? List.of("-p", modules, "-m", "io.vmmig.lab/" + program.getName())
                        : List.of("-cp", System.getProperty("java.class.path"), program.getName()));
        return words;
    }
}
