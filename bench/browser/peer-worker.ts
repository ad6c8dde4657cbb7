/** The peers in a worker of a page. */
import { answerMessages } from "./answer-messages.ts";
import { answerTo } from "./peer-steps.ts";

answerMessages(answerTo);
