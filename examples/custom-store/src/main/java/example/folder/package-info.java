/**
 * A store that somebody else could have written: it uses what the modules of this project export,
 * and nothing more. {@link example.folder.FolderKind} is found by its URLs, {@code folder:PATH}.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package example.folder;

import org.jspecify.annotations.NullMarked;
