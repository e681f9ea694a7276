using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.Linq;
using System.Text.Json;
using Sosia.Core;
using Sosia.Images;

namespace Sosia.Cli.Disk;

/// <summary><c>sosia disk snapshot list|create|apply|delete</c>: the snapshots inside an image.</summary>
internal static class DiskSnapshotCommand
{
    public static Command Create()
        => new("snapshot", "List, create, apply and delete snapshots inside an image (qcow2)")
        {
            CreateList(),
            CreateNamed("create", "Keep the disk's present contents under a name", static (store, name) => store.CreateSnapshot(name, DateTimeOffset.UtcNow)),
            CreateNamed("apply", "Make the disk what it was; what it is now is lost", static (store, name) => store.ApplySnapshot(name)),
            CreateNamed("delete", "Forget a snapshot; the disk stays as it is", static (store, name) => store.DeleteSnapshot(name)),
        };

    public static void WriteTable(IReadOnlyList<DiskSnapshot> snapshots)
    {
        var table = new TextTable("ID", "NAME", "TIME (UTC)", "DISK BYTES", "MACHINE STATE BYTES");
        foreach (DiskSnapshot snapshot in snapshots)
        {
            table.Add(
                snapshot.Id,
                snapshot.Name,
                snapshot.Time.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
                snapshot.VirtualByteCount.ToString(CultureInfo.InvariantCulture),
                snapshot.MachineStateByteCount.ToString(CultureInfo.InvariantCulture));
        }

        table.Write(Console.Out);
    }

    private static Command CreateList()
    {
        Option<string?> format = DiskArguments.FormatOption("-f", "The image's format; default: recognized by its header");
        var json = new Option<bool>("--json") { Description = "Print one JSON array" };
        Argument<string> file = DiskArguments.FileArgument();
        var command = new Command("list", "List the snapshots") { format, json, file };
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(file);
            using DiskImage image = DiskImages.Open(path, new ImageOpenOptions { Format = DiskArguments.Format(parsed.GetValue(format)), IsReadOnly = true, ForCheck = true });
            IReadOnlyList<DiskSnapshot> snapshots = StoreOf(image, path).Snapshots;
            if (parsed.GetValue(json))
            {
                IReadOnlyList<DiskReport.Snapshot> report = [.. snapshots.Select(DiskReport.Snapshot.Of)];
                Console.Out.WriteLine(JsonSerializer.Serialize(report, DiskReport.Json.Default.IReadOnlyListSnapshot));
            }
            else
            {
                WriteTable(snapshots);
            }

            return ExitStatus.Success;
        });
        return command;
    }

    private static Command CreateNamed(string name, string description, Action<ISnapshotStore, string> action)
    {
        Option<string?> format = DiskArguments.FormatOption("-f", "The image's format; default: recognized by its header");
        Argument<string> file = DiskArguments.FileArgument();
        var snapshot = new Argument<string>("NAME") { Description = "The snapshot's name; for apply and delete its number will do" };
        var command = new Command(name, description) { format, file, snapshot };
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(file);
            using DiskImage image = DiskImages.Open(path, new ImageOpenOptions { Format = DiskArguments.Format(parsed.GetValue(format)) });
            action(StoreOf(image, path), parsed.GetRequiredValue(snapshot));
            return ExitStatus.Success;
        });
        return command;
    }

    private static ISnapshotStore StoreOf(DiskImage image, string path)
        => image.SnapshotStore ?? throw new SosiaException($"The disk image '{path}' has the format '{DiskImages.NameOf(image.Format)}', which has no snapshots inside; convert it to qcow2.");
}
