using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Enumeration;
using System.Linq;
using Sosia.Control.Guests;
using Sosia.Core;

namespace Sosia.Cli;

/// <summary>Brings guests' images: from the distribution's packages, or by their recipes.</summary>
internal static class GuestFetcher
{
    /// <summary>Fetches what a description asks for into the guest's cache folder, which exists only when it is complete.</summary>
    public static void Fetch(Guest guest)
    {
        GuestDescription description = guest.Description;
        if (description.Fetch is not { } fetch)
        {
            throw new SosiaException($"The guest '{description.Name}' needs no fetching: its images are kept with the program; './sosia run --guest {description.Name}' boots it.");
        }

        foreach (string tool in (ReadOnlySpan<string>)["apt-get", "apt-cache", "dpkg-deb"])
        {
            if (!HostCommand.Exists(tool))
            {
                throw new SosiaException($"The guest '{description.Name}' comes from Debian packages, but this host lacks '{tool}'; fetch it on a Debian system and copy '{guest.ImageFolder}' here.", FailureKind.Host);
            }
        }

        string parent = Path.GetDirectoryName(guest.ImageFolder)!;
        string work = Path.Combine(parent, $".{description.Name}-{Environment.ProcessId}");
        try
        {
            Directory.CreateDirectory(work);
            Fetch(guest, fetch, work);
            Replace(work, guest.ImageFolder);
            Step($"The guest '{description.Name}' is ready: ./sosia run --guest {description.Name}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SosiaException($"The guest '{description.Name}' cannot be written to '{guest.ImageFolder}' ({error.Message.TrimEnd('.')}); make room there or set XDG_CACHE_HOME.", FailureKind.Host, error);
        }
        finally
        {
            if (Directory.Exists(work))
            {
                Directory.Delete(work, recursive: true);
            }
        }
    }

    /// <summary>Runs the recipe in a guest's folder.</summary>
    public static void Build(Guest guest)
    {
        string script = Path.Combine(guest.Folder, "build.sh");
        if (!File.Exists(script))
        {
            throw new SosiaException(guest.Description.Fetch is null
                ? $"The guest '{guest.Description.Name}' has no recipe of its own; it uses another guest's images."
                : $"The guest '{guest.Description.Name}' is not built from sources; run './sosia guests fetch {guest.Description.Name}'.");
        }

        Step($"Building '{guest.Description.Name}' with {script}");
        HostCommand.Run("sh", [script], guest.Folder, Detail);
        Step($"The images are in {Path.Combine(guest.Folder, "images")}");
    }

    private static void Fetch(Guest guest, GuestFetch fetch, string work)
    {
        string packages = Path.Combine(work, "packages");
        string extracted = Path.Combine(work, "extracted");
        Directory.CreateDirectory(packages);
        Directory.CreateDirectory(extracted);
        for (int i = 0; i < fetch.Packages.Count; i++)
        {
            string name = Resolve(fetch.Packages[i]);
            Step($"[{i + 1}/{fetch.Packages.Count}] Downloading {name}");
            string folder = Path.Combine(packages, i.ToString(System.Globalization.CultureInfo.InvariantCulture));
            Directory.CreateDirectory(folder);
            Download(name, folder);
            string package = Directory.GetFiles(folder, "*.deb").Single();
            Step($"[{i + 1}/{fetch.Packages.Count}] Unpacking {Path.GetFileName(package)} ({new FileInfo(package).Length >> 10} KiB)");
            HostCommand.Run("dpkg-deb", ["-x", package, extracted], folder);
            File.Delete(package);
        }

        foreach (GuestFile file in fetch.Files)
        {
            Step($"Copying {file.To}");
            File.Copy(FindOne(extracted, file.From), Path.Combine(work, file.To));
        }

        foreach (GuestBuild build in fetch.Build)
        {
            Step($"Building {build.To}");
            HostCommand.Run("sh", [Path.Combine(guest.Folder, build.Script), extracted, Path.Combine(work, build.To)], guest.Folder, Detail);
        }

        Directory.Delete(packages, recursive: true);
        Directory.Delete(extracted, recursive: true);
    }

    private static void Download(string name, string folder)
    {
        // A privileged apt hands the download to an unprivileged user, who cannot write into this user's cache; as root it needs no such user.
        string[] arguments = ["download", "-o", "APT::Sandbox::User=root", "--", name];
        try
        {
            HostCommand.Run("apt-get", arguments, folder, Detail);
        }
        catch (SosiaException) when (Environment.IsPrivilegedProcess)
        {
            // Lists that are missing or older than the archive are the usual reason.
            Step("Updating the package lists");
            HostCommand.Run("apt-get", ["update"], folder, Detail);
            HostCommand.Run("apt-get", arguments, folder, Detail);
        }
    }

    private static string Resolve(GuestPackage package)
    {
        if (package.Dependency is not { } pattern)
        {
            return package.Name;
        }

        if (Dependency(package.Name, pattern) is { } name)
        {
            return name;
        }

        if (Environment.IsPrivilegedProcess)
        {
            Step("Updating the package lists");
            HostCommand.Run("apt-get", ["update"], "/", Detail);
        }

        return Dependency(package.Name, pattern)
            ?? throw new SosiaException($"This host's package lists have no '{package.Name}' that depends on '{pattern}'; run 'apt-get update' on a Debian system with network.", FailureKind.Host);
    }

    private static string? Dependency(string package, string pattern)
    {
        IReadOnlyList<string> lines;
        try
        {
            lines = HostCommand.Run("apt-cache", ["depends", package], "/");
        }
        catch (SosiaException)
        {
            // It knows no such package.
            return null;
        }

        const string Prefix = "Depends: ";
        return lines.Select(static line => line.Trim())
            .Where(static line => line.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(static line => line[Prefix.Length..])
            .FirstOrDefault(name => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false));
    }

    private static string FindOne(string root, string pattern)
    {
        List<string> found = [root];
        foreach (string part in pattern.Split('/'))
        {
            found = [.. found.Where(Directory.Exists).SelectMany(folder => Directory.GetFileSystemEntries(folder))
                .Where(path => FileSystemName.MatchesSimpleExpression(part, Path.GetFileName(path), ignoreCase: false))];
        }

        return found is [string only] && File.Exists(only)
            ? only
            : throw new SosiaException($"The packages hold {found.Count} files '{pattern}' instead of one; the distribution's packages have changed, so adapt the guest's guest.json.", FailureKind.Host);
    }

    private static void Replace(string work, string target)
    {
        string old = work + ".old";
        if (Directory.Exists(target))
        {
            Directory.Move(target, old);
        }

        Directory.Move(work, target);
        if (Directory.Exists(old))
        {
            Directory.Delete(old, recursive: true);
        }
    }

    // Progress goes to standard error, so that standard output stays free for what was asked for.
    private static void Step(string text) => Console.Error.WriteLine(text);

    private static void Detail(string text)
    {
        if (!string.IsNullOrWhiteSpace(text))
        {
            Console.Error.WriteLine("    " + text);
        }
    }
}
