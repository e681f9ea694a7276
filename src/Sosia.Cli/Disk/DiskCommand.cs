using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Threading;
using Sosia.Core;
using Sosia.Images;

namespace Sosia.Cli.Disk;

/// <summary><c>sosia disk create|info|convert|resize|check|snapshot</c>.</summary>
internal static class DiskCommand
{
    private const int SignalInterrupt = 2;

    public static Command Create()
        => new("disk", "Create, examine, convert and repair disk images")
        {
            CreateCreate(),
            CreateInfo(),
            CreateConvert(),
            CreateResize(),
            CreateCheck(),
            DiskSnapshotCommand.Create(),
        };

    private static Command CreateCreate()
    {
        Option<string?> format = DiskArguments.FormatOption("-f", "The new image's format; default: what the file's name says, or raw");
        format.Aliases.Add("--format");
        Option<string?> options = DiskArguments.CreateOptionsOption();
        Option<bool> force = DiskArguments.ForceOption();
        Argument<string> file = DiskArguments.FileArgument();
        var size = new Argument<string?>("SIZE") { Description = "The disk's size: bytes, or with K, M, G or T; not needed with a backing file", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("create", "Create an empty image") { format, options, force, file, size };
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(file);
            var create = new ImageCreateOptions { Format = DiskArguments.TargetFormat(parsed.GetValue(format), path) };
            create = DiskArguments.Apply(parsed.GetValue(options), create);
            string? text = parsed.GetValue(size);
            if (text is null && create.BackingFile is null)
            {
                throw new SosiaException($"The size of the new disk '{path}' is missing; write it behind the file's name, such as 20G.");
            }

            ImageCreator.Create(path, create with { ByteCount = text is null ? 0 : DiskArguments.DiskSize(text) }, parsed.GetValue(force));
            return ExitStatus.Success;
        });
        return command;
    }

    private static Command CreateInfo()
    {
        Option<string?> format = DiskArguments.FormatOption("-f", "The image's format; default: recognized by its header");
        var json = new Option<bool>("--json") { Description = "Print one JSON object" };
        Argument<string> file = DiskArguments.FileArgument();
        var command = new Command("info", "Describe an image") { format, json, file };
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(file);
            using DiskImage image = DiskImages.Open(path, new ImageOpenOptions { Format = DiskArguments.Format(parsed.GetValue(format)), IsReadOnly = true, ForCheck = true });
            ImageInfo info = image.Describe();
            IReadOnlyList<DiskSnapshot> snapshots = image.SnapshotStore?.Snapshots ?? [];
            long fileByteCount = File.Exists(path) ? new FileInfo(path).Length : 0;
            if (parsed.GetValue(json))
            {
                var report = new DiskReport.Info(
                    path,
                    info.Format,
                    info.VirtualByteCount,
                    fileByteCount,
                    info.ClusterByteCount,
                    info.BackingFile,
                    info.BackingFormat,
                    info.Details.ToDictionary(static d => d.Key, static d => d.Value),
                    [.. snapshots.Select(DiskReport.Snapshot.Of)]);
                Console.Out.WriteLine(JsonSerializer.Serialize(report, DiskReport.Json.Default.Info));
                return ExitStatus.Success;
            }

            Console.Out.WriteLine($"file: {path} ({fileByteCount} bytes)");
            Console.Out.WriteLine($"format: {info.Format}");
            Console.Out.WriteLine($"disk: {info.VirtualByteCount} bytes");
            WriteIf(info.ClusterByteCount != 0, $"cluster: {info.ClusterByteCount} bytes");
            WriteIf(info.BackingFile is not null, $"backing file: {info.BackingFile} ({info.BackingFormat ?? "format not recorded"})");
            foreach ((string key, string value) in info.Details)
            {
                Console.Out.WriteLine($"{key}: {value}");
            }

            WriteIf(snapshots.Count > 0, "snapshots:");
            if (snapshots.Count > 0)
            {
                DiskSnapshotCommand.WriteTable(snapshots);
            }

            return ExitStatus.Success;
        });
        return command;
    }

    private static Command CreateConvert()
    {
        Option<string?> format = DiskArguments.FormatOption("-f", "The source's format; default: recognized by its header");
        Option<string?> target = DiskArguments.FormatOption("-O", "The new image's format; default: what the file's name says, or raw");
        Option<string?> options = DiskArguments.CreateOptionsOption();
        var compress = new Option<bool>("--compress") { Description = "Compress the clusters (qcow2)" };
        compress.Aliases.Add("-c");
        Option<bool> force = DiskArguments.ForceOption();
        Argument<string> from = DiskArguments.FileArgument("SOURCE");
        Argument<string> to = DiskArguments.FileArgument("TARGET");
        var command = new Command("convert", "Copy a disk into a new image of any format") { format, target, options, compress, force, from, to };
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(to);
            using var cancellation = new CancellationTokenSource();
            using var interrupt = Register(PosixSignal.SIGINT, cancellation);
            using var terminate = Register(PosixSignal.SIGTERM, cancellation);
            using DiskImage source = DiskImages.Open(parsed.GetRequiredValue(from), new ImageOpenOptions { Format = DiskArguments.Format(parsed.GetValue(format)), IsReadOnly = true });
            using var progress = new ProgressBar("converting", source.ByteCount);
            try
            {
                ImageConverter.Convert(source, path, new ConvertOptions
                {
                    Target = DiskArguments.Apply(parsed.GetValue(options), new ImageCreateOptions { Format = DiskArguments.TargetFormat(parsed.GetValue(target), path) }),
                    Compress = parsed.GetValue(compress),
                    Replace = parsed.GetValue(force),
                    Progress = progress.Report,
                    Cancellation = cancellation.Token,
                });
                return ExitStatus.Success;
            }
            catch (OperationCanceledException)
            {
                return ExitStatus.OfSignal(SignalInterrupt);
            }
        });
        return command;
    }

    private static Command CreateResize()
    {
        Option<string?> format = DiskArguments.FormatOption("-f", "The image's format; default: recognized by its header");
        var shrink = new Option<bool>("--shrink") { Description = "Allow a smaller size: what is beyond it is lost" };
        Argument<string> file = DiskArguments.FileArgument();
        var size = new Argument<string>("SIZE") { Description = "The new size, or with a plus sign how much more" };
        var command = new Command("resize", "Change a disk's size") { format, shrink, file, size };
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(file);
            string text = parsed.GetRequiredValue(size);
            using DiskImage image = DiskImages.Open(path, new ImageOpenOptions { Format = DiskArguments.Format(parsed.GetValue(format)) });
            ulong byteCount = text.StartsWith('+') ? image.ByteCount + DiskArguments.DiskSize(text[1..]) : DiskArguments.DiskSize(text);
            if (byteCount < image.ByteCount && !parsed.GetValue(shrink))
            {
                throw new SosiaException($"The disk '{path}' has {image.ByteCount} bytes, and {byteCount} would cut off its end; say --shrink if that is meant.");
            }

            image.Resize(byteCount);
            ThrowIfFailed(path, image.Flush());
            return ExitStatus.Success;
        });
        return command;
    }

    private static Command CreateCheck()
    {
        Option<string?> format = DiskArguments.FormatOption("-f", "The image's format; default: recognized by its header");
        var repair = new Option<bool>("--repair") { Description = "Repair what can be repaired without losing data" };
        var json = new Option<bool>("--json") { Description = "Print one JSON object" };
        Argument<string> file = DiskArguments.FileArgument();
        var command = new Command("check", "Examine an image's tables; status 1: damaged, 3: only leaked space") { format, repair, json, file };
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(file);
            bool repairs = parsed.GetValue(repair);
            using DiskImage image = DiskImages.Open(path, new ImageOpenOptions { Format = DiskArguments.Format(parsed.GetValue(format)), IsReadOnly = !repairs, ForCheck = true });
            ImageCheck check = image.Check(repairs);
            if (parsed.GetValue(json))
            {
                var report = new DiskReport.Check(path, DiskImages.NameOf(image.Format), check.CorruptionCount, check.LeakCount, check.RepairedCount, check.AllocatedCount, check.TotalCount, check.Messages);
                Console.Out.WriteLine(JsonSerializer.Serialize(report, DiskReport.Json.Default.Check));
            }
            else
            {
                foreach (string message in check.Messages)
                {
                    Console.Out.WriteLine(message);
                }

                WriteIf(check.RepairedCount > 0, $"{check.RepairedCount} repaired.");
                Console.Out.WriteLine($"{check.CorruptionCount} damaged, {check.LeakCount} leaked; {check.AllocatedCount} of {check.TotalCount} allocated.");
            }

            return check.CorruptionCount > 0 ? ExitStatus.DiskDamaged : check.LeakCount > 0 ? ExitStatus.DiskLeaks : ExitStatus.Success;
        });
        return command;
    }

    private static PosixSignalRegistration Register(PosixSignal signal, CancellationTokenSource cancellation)
        => PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            cancellation.Cancel();
        });

    private static void ThrowIfFailed(string path, BlockResult result)
    {
        if (result != BlockResult.Ok)
        {
            throw new SosiaException($"The disk image '{path}' cannot be written ({result}); check the host's storage.", FailureKind.Host);
        }
    }

    private static void WriteIf(bool condition, string line)
    {
        if (condition)
        {
            Console.Out.WriteLine(line);
        }
    }
}
