using System;
using System.CommandLine;
using System.IO;
using Sosia.Control.Guests;
using Sosia.Core;

namespace Sosia.Cli;

/// <summary><c>sosia guests list|fetch|build</c>.</summary>
internal static class GuestsCommand
{
    public static Command Create()
    {
        return new Command("guests", "List, fetch and build guest images")
        {
            CreateList(),
            CreateNamed("fetch", "Get a guest's images from the distribution's packages (Debian hosts)", static name => GuestFetcher.Fetch(new GuestCatalog().Find(name))),
            CreateNamed("build", "Build a guest's images from sources with the recipe in its folder", static name => GuestFetcher.Build(RepositoryCatalog().Find(name))),
        };
    }

    private static Command CreateList()
    {
        var command = new Command("list", "List the guests that './sosia run --guest NAME' can boot");
        command.SetAction(static _ =>
        {
            var table = new TextTable("GUEST", "MACHINE", "MEMORY", "READY", "DESCRIPTION");
            foreach (Guest guest in new GuestCatalog().List())
            {
                GuestDescription description = guest.Description;
                table.Add(
                    description.Name,
                    description.Machine,
                    description.Memory,
                    guest.IsComplete ? "yes" : description.Fetch is null ? "build" : "fetch",
                    description.Description);
            }

            table.Write(Console.Out);
            return ExitStatus.Success;
        });
        return command;
    }

    // Recipes use the repository's sources, and what they make belongs there; the program's own copies are made from it.
    private static GuestCatalog RepositoryCatalog()
    {
        string? root = Environment.GetEnvironmentVariable("SOSIA_REPOSITORY");
        return string.IsNullOrEmpty(root)
            ? throw new SosiaException("Guests are built in the repository; run './sosia guests build' at its root, or set SOSIA_REPOSITORY to it.")
            : new GuestCatalog(Path.Combine(root, "guests"));
    }

    private static Command CreateNamed(string name, string description, Action<string> action)
    {
        var guest = new Argument<string>("NAME") { Description = "The guest, as './sosia guests list' shows it" };
        var command = new Command(name, description) { guest };
        command.SetAction(parsed =>
        {
            action(parsed.GetRequiredValue(guest));
            return ExitStatus.Success;
        });
        return command;
    }
}
