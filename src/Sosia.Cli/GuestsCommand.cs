using System;
using System.CommandLine;
using Sosia.Control.Guests;

namespace Sosia.Cli;

/// <summary><c>sosia guests list|fetch|build</c>.</summary>
internal static class GuestsCommand
{
    public static Command Create()
    {
        return new Command("guests", "List, fetch and build guest images")
        {
            CreateList(),
            CreateNamed("fetch", "Get a guest's images from the distribution's packages (Debian hosts)", GuestFetcher.Fetch),
            CreateNamed("build", "Build a guest's images from sources with the recipe in its folder", GuestFetcher.Build),
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

    private static Command CreateNamed(string name, string description, Action<Guest> action)
    {
        var guest = new Argument<string>("NAME") { Description = "The guest, as './sosia guests list' shows it" };
        var command = new Command(name, description) { guest };
        command.SetAction(parsed =>
        {
            action(new GuestCatalog().Find(parsed.GetRequiredValue(guest)));
            return ExitStatus.Success;
        });
        return command;
    }
}
